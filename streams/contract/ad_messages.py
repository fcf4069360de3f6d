"""The messages about advertisements: what their managers report, and what is advised from it. Topics of their own carry them."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.contract.fields import NAME_SCHEMA, Currency, EventId, IsoDate, Label

MAX_SPEND: Final = 1e9
MAX_COUNT: Final = 1e12
MAX_CONVERSIONS: Final = 1e7

Account = Annotated[
    str, Meta(min_length=1, max_length=64, extra_json_schema=NAME_SCHEMA, description="Whose ads these are; the Kafka key.")
]
Count = Annotated[float, Meta(ge=0, le=MAX_COUNT)]
Conversions = Annotated[float, Meta(ge=0, le=MAX_CONVERSIONS)]


class AdReported(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ad-reported.v1"):
    """What an ad cost and brought on a day. Several reports of an ad and day add up, so send what is new since the last one."""

    event_id: EventId
    account: Account
    campaign: Label
    day: Annotated[IsoDate, Meta(description="The day that the numbers are of, in the account's time zone.")]
    spend: Annotated[float, Meta(ge=0, le=MAX_SPEND, description="In the account's currency.")]
    conversions: Annotated[Conversions, Meta(description="The ones that count: approved, orders.")]
    clicks: Count | None = None
    impressions: Count | None = None
    audience: Annotated[Label | None, Meta(description="Who sees it, as in 'women, 30-34'; advice is by campaign and audience.")] = None
    ad: Label | None = None
    currency: Annotated[Currency | None, Meta(description="An account has one: that of its first report.")] = None


class ArmAdvice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A campaign, or a campaign and audience: what the next 1,000 of budget would bring there.

    expected, low, high: conversions, and where 80 % of draws lie. best: the chance that no other brings more. They say what was seen, not
    what a trial would show: nobody chose by chance who saw which ad.
    """

    campaign: Label
    expected: float
    low: float
    high: float
    best: Annotated[float, Meta(ge=0, le=1)]
    spent: Annotated[float, Meta(description="Since its first report.")]
    conversions: Annotated[float, Meta(description="Since its first report.")]
    audience: Label | None = None
    drifted_on: Annotated[IsoDate | None, Meta(description="When its rate of conversions was last seen to change.")] = None


class AdsError(Struct, frozen=True, kw_only=True):
    """Errors on closed days, each forecast from the days before it; means over `n` days of campaigns."""

    model: Annotated[str, Meta(description="online, all_time_rate or mean.")]
    n: int
    deviance: Annotated[float, Meta(description="Mean Poisson deviance.")]
    mae: float


class AdsAdvised(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ads-advised.v1"):
    """Where the next 1,000 of budget earn most, as a day of an account closes; the best first."""

    id: Annotated[str, Meta(description="Made of partition and offset: the same after a crash.")]
    account: Account
    day: Annotated[IsoDate, Meta(description="The day that closed.")]
    advice: tuple[ArmAdvice, ...]
    errors: tuple[AdsError, ...]
    elasticity: Annotated[float, Meta(description="Conversions grow with this power of what a campaign spends a day.")]
    partition: Annotated[int, Meta(ge=0, description="Kafka partition of ads.events.")]
    offset: Annotated[int, Meta(ge=0, description="Kafka offset in ads.events of the report that closed the day.")]
    currency: Currency | None = None
