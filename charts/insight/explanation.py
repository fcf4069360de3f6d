"""A forecast explained in sentences: what is expected and why, how far to trust it; and, once the day has closed, why it came otherwise."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from charts.insight.chance import chance
from charts.queries.columns import Day
from charts.queries.day_events import DayEvents, day_events
from charts.queries.explained import Explained, Part, explained
from charts.queries.sales import Finds

NAMES: Final = {
    "season": "the time of year and month",
    "holiday": "the holiday",
    "promotion": "the promotion",
    "price": "the price",
    "trend": "the trend of late",
    "store_day": "how the whole store does",
    "bias": "the correction of late errors",
}
MOST_CAUSES: Final = 3
SMALL_SHARE: Final = 0.03
"""A part that moves the forecast by less than this is not worth a word."""
ORDINARY: Final = 0.2
"""A day that is at least so likely needs no cause."""
PRICE_MOVED, STORE_MOVED = 0.05, 0.1


class LookingBack(Struct, frozen=True, kw_only=True):
    """What came, and what may have caused the difference."""

    day: Day
    said: Annotated[float, Meta(description="Units that were forecast.")]
    sold: Annotated[float, Meta(description="Units sold.")]
    once_in: Annotated[float | None, Meta(description="By the served band, so far out a day on that side comes once in so many.")]
    causes: Annotated[list[str], Meta(description="Known events of the day that pull in its direction.")]
    sentence: str


class Explanation(Struct, frozen=True, kw_only=True):
    """A forecast of one day, why it is what it is, and in three sentences what that means."""

    forecast: Explained
    sentences: list[str]
    looking_back: Annotated[LookingBack | None, Meta(description="Null: the day has not closed.")] = None


def explanation(database: Finds, store: str, item: str, day: str | None = None) -> Explanation | None:
    """The forecast of a day explained, by default of the day ahead; None: there is none. Raises ServerError."""
    told = explained(database, store, item, day)
    if told is None:
        return None
    back = None
    if told.sold is not None:
        back = looking_back(told, day_events(database, store, item, told.day, told.sold, told.mean))
    return Explanation(forecast=told, sentences=sentences(told), looking_back=back)


def sentences(told: Explained) -> list[str]:
    """Three sentences: what, why, how far to trust it."""
    return [_what(told), _why(told), _trust(told)]


def _what(told: Explained) -> str:
    day = date.fromisoformat(told.day)
    verb = "should sell" if told.sold is None else "was expected to sell"
    return (
        f"{told.item} {verb} about {_count(told.mean)} on {day:%A} {told.day}; four days of five lie between {_count(told.p10)} and "
        f"{_count(told.p90)}."
    )


def _why(told: Explained) -> str:
    if not told.parts:
        return "What that forecast was made of is no longer kept."
    usual = f"A usual day brings {_count(told.units('usual_level'))}"
    causes = [part for part in told.parts if part.name not in ("usual_level", "rounding") and abs(part.units) >= _least(told)]
    causes = sorted(causes, key=lambda part: -abs(part.units))[:MOST_CAUSES]
    if not causes:
        return f"{usual}, and nothing makes this day another one."
    return f"{usual}; {_listed([_added(told, part) for part in causes])}."


def _least(told: Explained) -> float:
    return max(SMALL_SHARE * told.mean, 0.05)


def _added(told: Explained, part: Part) -> str:
    if part.name == "weekday":
        name = f"{date.fromisoformat(told.day):%A}"
    elif part.name == "holiday" and told.holiday:
        name = told.holiday if told.days_after_holiday == 0 else f"{told.holiday} nearby"
    else:
        name = NAMES[part.name]
    return f"{name} {'adds' if part.units > 0 else 'takes away'} {_count(abs(part.units))}"


def _trust(told: Explained) -> str:
    late = told.of_late
    knows = f"the forecast knows sales up to {told.origin}"
    most = f", and the expert {told.expert} weighs most" if told.expert else ""
    if late.n == 0 or late.wape is None:
        return f"No forecast of this item has come due with sales yet; {knows}{most}."
    beside = f" (same-weekday mean {late.wape_same_weekday_mean:.0%})" if late.wape_same_weekday_mean is not None else ""
    return f"Over the last {late.n} days such forecasts were off by {late.wape:.0%} of sales{beside}; {knows}{most}."


def looking_back(told: Explained, events: DayEvents) -> LookingBack:
    """Why a day came otherwise than forecast: known events that pull in its direction, or simply chance."""
    sold = told.sold or 0.0
    found = chance(sold, told.mean, told.p10, told.p90)
    once_in = None if found is None else round(1 / max(found, 1e-6), 1)
    causes = [] if found is not None and found >= ORDINARY else _causes(told, sold > told.mean, events)
    return LookingBack(
        day=told.day, said=told.mean, sold=sold, once_in=once_in, causes=causes, sentence=_said_and_sold(told, sold, once_in, causes)
    )


def _causes(told: Explained, above: bool, events: DayEvents) -> list[str]:  # noqa: FBT001 - the side of the forecast
    found = []
    if events.hours_out and not above:
        found.append(f"the shelf was empty for {events.hours_out} hours")
    change = events.price_change
    if change is not None and abs(change) >= PRICE_MOVED and (change < 0) == above:
        untold = "" if abs(told.units("promotion")) + abs(told.units("price")) >= _least(told) else " (not told)"
        kind = "a lower price" if above else "a higher price"
        found.append(f"{kind}{untold}: {events.price:.2f} instead of {events.usual_price:.2f}")
    rest = events.rest_of_store
    if rest is not None and rest <= 0 and not above:
        found.append("the rest of the store sold nothing either")
    elif rest is not None and abs(rest - 1) >= STORE_MOVED and (rest > 1) == above:
        found.append(f"the rest of the store sold {abs(rest - 1):.0%} {'more' if above else 'less'} than expected too")
    if events.shifted is not None and (events.shifted[1] > 1) == above:
        found.append(f"the item sells on another level since {events.shifted[0]} (times {events.shifted[1]:.2g})")
    return found


def _said_and_sold(told: Explained, sold: float, once_in: float | None, causes: list[str]) -> str:
    start = f"We said {_count(told.mean)}, you sold {_count(sold)}"
    often = "" if once_in is None else f"such a day comes once in {_times(once_in)}"
    if once_in is not None and once_in <= 1 / ORDINARY:
        return f"{start}: an ordinary day, within what chance does."
    if not causes:
        return f"{start}: no cause is known; by chance {often}." if often else f"{start}: no cause is known."
    return f"{start}: {_listed(causes)}; or simply chance: {often}." if often else f"{start}: {_listed(causes)}."


def _times(once_in: float) -> str:
    return "more than 10,000" if once_in > 10_000 else f"{once_in:,.0f}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _count(units: float) -> str:
    return f"{units:,.0f}" if abs(units) >= 20 or units == int(units) else f"{units:,.1f}"
