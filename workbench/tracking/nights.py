"""The scores of a night: those of all stores for one origin and horizon, added up. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from streams.contract.messages import ForecastScored

SUMS: Final = ("n", "actual", "absolute_error", "absolute_error_same_weekday_mean", "error", "within_band")
_Key = tuple[str, str]
"""Horizon and last day, which is the day whose close made the score."""


@dataclass(slots=True)
class _Night:
    """By store and origin: what was scored. first: where each partition's first message of this night stands. fresh: not told yet."""

    stores: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Scores:
    """One night at one horizon. day: ordinal of the last day; the metrics by name."""

    horizon: str
    day: int
    metrics: Mapping[str, float]


class Nights:
    """Gathers scores by night; a score that comes again counts once.

    A night is told when nothing more comes for a while, and again if it has grown: stores close at different hours. It is dropped when
    nights two days later have come.
    """

    def __init__(self) -> None:
        self._open: dict[_Key, _Night] = {}

    def add(self, score: ForecastScored, partition: int, offset: int) -> None:
        """Add a message; parts beyond the first hold the same sums."""
        if score.part > 1:
            return
        night = self._open.setdefault((score.horizon, score.last_day), _Night())
        row = {name: float(getattr(score, name)) for name in SUMS}
        night.fresh |= night.stores.get((score.store, score.origin)) != row
        night.stores[score.store, score.origin] = row
        night.first.setdefault(partition, offset)

    def over(self, *, quiet: bool = False) -> list[Scores]:
        """Nights to tell: those that are past, with `quiet` all that have grown. They stay to be told until `kept`."""
        past = self._past()
        done = [key for key, night in self._open.items() if night.fresh and (quiet or key in past)]
        return [Scores(key[0], _ordinal(key[1]), _metrics(self._open[key])) for key in sorted(done)]

    def kept(self, told: list[Scores]) -> None:
        """Nights that are kept elsewhere need not be told again; those that are past are dropped."""
        for one in told:
            self._open[one.horizon, date.fromordinal(one.day).isoformat()].fresh = False
        for key in self._past():
            if not self._open[key].fresh:
                del self._open[key]

    def _past(self) -> set[_Key]:
        """Nights that one of their horizon has followed by two days."""
        newest: dict[str, int] = {}
        for horizon, last in self._open:
            newest[horizon] = max(newest.get(horizon, 0), _ordinal(last))
        return {key for key in self._open if _ordinal(key[1]) <= newest[key[0]] - 2}

    def safe(self, partition: int, position: int) -> int:
        """The offset from which a restart must read a partition that was read up to `position`."""
        waiting = (night.first[partition] for night in self._open.values() if partition in night.first)
        return min(waiting, default=position)


def _metrics(night: _Night) -> dict[str, float]:
    """WAPE of ours and of the same-weekday mean, bias, share inside the band; without sales only how many were scored."""
    total = {name: sum(row[name] for _, row in sorted(night.stores.items())) for name in SUMS}
    found = {"n": total["n"], "stores": float(len(night.stores))}
    if total["n"]:
        found["in_band"] = total["within_band"] / total["n"]
    if total["actual"] > 0:
        found["wape"] = total["absolute_error"] / total["actual"]
        found["wape_same_weekday_mean"] = total["absolute_error_same_weekday_mean"] / total["actual"]
        found["bias"] = total["error"] / total["actual"]
    return found


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()
