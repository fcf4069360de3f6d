"""Which kinds of ads are compared: campaign, age, gender and the like, as long as they are few."""

from __future__ import annotations

from typing import Final

from workbench.ads.table import Ads

MOST_SEGMENTS: Final = 60
_FIRST: Final = ("campaign", "age", "gender", "sex", "placement", "banner", "channel", "category")


def kinds_of(ads: Ads) -> list[str]:
    """The columns that make the kinds: campaign, age, gender and the like first, as long as the kinds stay few."""
    levels = {name: int(ads.frame[name].nunique()) for name in ads.columns.categories}

    def order(name: str) -> tuple[int, int, str]:
        known = [place for place, word in enumerate(_FIRST) if word in name.lower()]
        return (min(known, default=len(_FIRST)), levels[name], name)

    chosen: list[str] = []
    kinds = 1
    for name in sorted(levels, key=order):
        if kinds * levels[name] <= MOST_SEGMENTS:
            chosen.append(name)
            kinds *= levels[name]
    return chosen
