"""A file of ads as `ad-reported.v1` events, and the online model's forecasts of its rows beside those of batch models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import xxhash
from numpy.typing import NDArray

from online_model.ads.rates import DriftingRates
from streams.contract.ad_messages import MAX_CONVERSIONS, MAX_COUNT, MAX_SPEND, AdReported
from streams.contract.codec import name_is_clean
from streams.contract.errors import UsageError
from workbench.ads.columns import CAMPAIGN
from workbench.ads.kinds import kinds_of
from workbench.ads.table import DATE, Ads

Floats = NDArray[np.float64]

ALL_ADS: Final = "all ads"
_LONGEST: Final = 128
_LIMITS: Final = {
    "spend": MAX_SPEND,
    "clicks": MAX_COUNT,
    "impressions": MAX_COUNT,
    "approved": MAX_CONVERSIONS,
    "conversions": MAX_CONVERSIONS,
}


def reports_of(ads: Ads, account: str, day: str | None) -> list[AdReported]:
    """The rows as reports, the oldest day first. day: of all rows, if the file has no dates. Raises UsageError."""
    if not 1 <= len(account) <= 64 or not name_is_clean(account):
        raise UsageError("--account: give a name of 1 to 64 plain characters.")
    days = _days(ads, day)
    for name, most in _LIMITS.items():
        if name in ads.frame and float(ads.frame[name].max()) > most:
            raise UsageError(f"The largest {name} is {ads.frame[name].max():,.0f}; a report takes at most {most:,.0f}.")
    target, seen = ads.targets[0], Counter[tuple[object, ...]]()
    found = []
    spends, sold = ads.frame["spend"].to_list(), ads.frame[target].to_list()
    rows = zip(days, campaigns_of(ads), spends, sold, _column(ads, "clicks"), _column(ads, "impressions"), strict=True)
    for when, (campaign, audience), spend, conversions, clicks, impressions in rows:
        content = (account, when, campaign, audience, spend, conversions, clicks, impressions)
        seen[content] += 1
        # Rows that agree in everything are told apart by their number, so that the same file gives the same ids.
        identity = xxhash.xxh3_128_hexdigest(repr((*content, seen[content])).encode())
        found.append(
            AdReported(
                event_id=f"ads-{identity}", account=account, campaign=campaign, day=when, spend=spend, conversions=conversions,
                clicks=clicks, impressions=impressions, audience=audience,
            )
        )  # fmt: skip
    return sorted(found, key=lambda report: report.day)


def _days(ads: Ads, day: str | None) -> list[str]:
    if ads.dated:
        if day is not None:
            raise UsageError("--day: the file has dates of its own; leave it out.")
        return [str(when.date()) for when in ads.frame[DATE]]
    if day is None:
        raise UsageError("The file has no dates: give --day, as in --day 2026-05-01.")
    try:
        return [date.fromisoformat(day).isoformat()] * len(ads.frame)
    except ValueError:
        raise UsageError(f"--day {day!r} is no date: write it as in 2026-05-01.") from None


def campaigns_of(ads: Ads) -> list[tuple[str, str | None]]:
    """Campaign and audience of each row; together they are the kinds that the advice on a file knows too."""
    kinds = kinds_of(ads)
    named = next((name for name in kinds if CAMPAIGN.search(name)), None)
    rest = [name for name in kinds if name != named]
    campaigns = [ALL_ADS] * len(ads.frame) if named is None else [text[:_LONGEST] for text in ads.frame[named]]
    audiences: list[str | None] = [None] * len(ads.frame)
    if rest:
        audiences = [", ".join(texts)[:_LONGEST] for texts in zip(*(ads.frame[name] for name in rest), strict=True)]
    return list(zip(campaigns, audiences, strict=True))


def online_forecasts(ads: Ads, target: str) -> Floats:
    """Expected conversions of each row of a dated file by the online model, which has learned all days before the row's own."""
    model, out = DriftingRates(), np.zeros(len(ads.frame))
    actual = ads.frame[target].to_numpy(float)
    for places, asked in _by_day(ads):
        out[places] = [model.predict_one(x) for x in asked]
        for place, x in zip(places, asked, strict=True):
            model.learn_one(x, actual[place])
    return out


def _by_day(ads: Ads) -> Iterator[tuple[NDArray[np.intp], list[dict[str, object]]]]:
    arms = [f"{campaign}, {audience}" for campaign, audience in campaigns_of(ads)]
    ordinals = np.array([when.toordinal() for when in pd.DatetimeIndex(ads.frame[DATE])])
    spend, clicks = ads.frame["spend"].to_numpy(float), _column(ads, "clicks")
    for day in np.unique(ordinals).tolist():
        places = np.flatnonzero(ordinals == day)
        yield (
            places,
            [
                {"arm": arms[at], "day": day, "spend": spend[at], "clicks": -1.0 if clicks[at] is None else clicks[at]}
                for at in places.tolist()
            ],
        )


def _column(ads: Ads, name: str) -> list[float | None]:
    if name not in ads.frame:
        return [None] * len(ads.frame)
    return [float(value) for value in ads.frame[name]]
