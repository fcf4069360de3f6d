"""Watches the shelves while a day runs: what will probably be gone before closing, and what is silent for longer than chance explains."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np

from online_model.stock.silence import silent_since
from streams.processor.local_time import EPOCH_ORDINAL
from streams.processor.silence import BELIEVED_AFTER_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from online_model import Forecaster
    from streams.processor.rules import Rules
    from streams.processor.store import OpenDay, Store

    Floats = NDArray[np.float64]

HOURS: Final = 24
WATCHED_AFTER_DAYS: Final = 14
"""A store's silences are watched once it has sold on more days: before, it is not known what a usual hour brings."""


class DayAlarms:
    """What was said on a running day: silent rows with the hour since which they are, and rows that will run out."""

    __slots__ = ("run_outs", "silent")

    def __init__(self) -> None:
        self.silent: dict[int, int] = {}
        self.run_outs: dict[int, None] = {}

    def still_silent(self, by_hour: Floats) -> NDArray[np.bool_] | None:
        """Rows that were silent and have not sold since, `[n]`; None: none. by_hour: units of the day, `[n, 24]`."""
        if not self.silent:
            return None
        since, found = silent_since(by_hour.T), np.zeros(len(by_hour), bool)
        for row, hour in self.silent.items():
            found[row] = since[row] == hour
        return found

    def dump(self) -> dict[str, Any]:
        """The alarms as plain values."""
        return {"silent": [list(pair) for pair in self.silent.items()], "run_outs": list(self.run_outs)}

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Self:
        """Restore what `dump` returned."""
        alarms = cls()
        alarms.silent = {row: hour for row, hour in state["silent"]}  # noqa: C416
        alarms.run_outs = dict.fromkeys(state["run_outs"])
        return alarms


class Silence(NamedTuple):
    """A silent row: since which full hour, how unlikely that is, and the units an hour at stake."""

    row: int
    since: int
    chance: float
    units_per_hour: float


class RunOut(NamedTuple):
    """A row that will probably be gone: units left, probability, local hour of it (None: unclear), and units to bring."""

    row: int
    left: float
    probability: float
    about: float | None
    bring: float


class ShelfWatch:
    """Finds what to say about the shelves of a store; each thing is said once, and again only of a new silence."""

    def __init__(self, model: Forecaster, rules: Rules) -> None:
        self._model = model
        self._rules = rules

    def quiet(self, store: Store, day: int) -> NDArray[np.int8]:
        """From which hour on each row must be silent to be asked about, by hour of the coming `day`, `[24, n]`; -1: never."""
        if store.days_sold <= WATCHED_AFTER_DAYS:
            return np.full((HOURS, 0), -1, np.int8)
        return self._model.quiet_from(store.index, day + EPOCH_ORDINAL, self._rules.silence_probability)

    def silences(self, store: Store, day: int, hour: float, opened: OpenDay) -> Iterator[Silence]:
        """Rows that have begun to be silent on a running day."""
        suspects = self._suspects(store, day, int(hour), opened.by_hour)
        if not suspects:
            return
        by_hour = opened.hours(len(store.names))
        # Where the whole store has stopped selling, it has closed: that is no news about its shelves.
        until = min(hour, float(np.flatnonzero((by_hour > 0).any(0)).max(initial=-1) + 1))
        chance, at_stake = self._model.silence(store.index, day + EPOCH_ORDINAL, until, by_hour)
        since, said = silent_since(by_hour.T), store.alarms_of(day).silent
        for row in suspects:
            if chance[row] < self._rules.silence_probability and said.get(row) != since[row]:
                said[row] = int(since[row])
                yield Silence(row, int(since[row]), float(chance[row]), float(at_stake[row]))

    def _suspects(self, store: Store, day: int, hour: int, by_hour: Mapping[int, float]) -> list[int]:
        """Rows that have been silent for long enough to be asked about, and are not known to be out.

        This is done at every look: it asks for single hours, the newest first, and most rows have sold in one of them.
        """
        if store.quiet_day != day:
            return []
        starts = store.quiet[hour]
        rows = np.flatnonzero(starts >= 0)
        units, found = by_hour.get, []
        for row, start in zip(rows.tolist(), starts[rows].tolist(), strict=True):
            key, first = row * HOURS + hour, row * HOURS + start
            while key >= first and units(key, 0.0) <= 0:
                key -= 1
            if key < first and (store.ledger is None or store.ledger.out_since(row) is None):
                found.append(row)
        return found

    def run_outs(self, store: Store, day: int, hour: float, opened: OpenDay) -> Iterator[RunOut]:
        """Rows that will probably be gone before closing, each once a day."""
        if store.ledger is None or store.days_sold <= BELIEVED_AFTER_DAYS:
            return
        left = store.ledger.known(len(store.names))
        expected = np.zeros(len(left))
        expected[: store.morning.shape[1]] = store.morning[0]
        left[(left <= 0) | (expected <= 0)] = np.nan
        said = store.alarms_of(day).run_outs
        left[list(said)] = np.nan
        if np.isnan(left).all():
            return
        found = self._model.runs_out(store.index, day + EPOCH_ORDINAL, hour, opened.hours(len(store.names)), left)
        probability, about = found.by_close, found.about()
        for row in np.flatnonzero(~np.isnan(left) & (probability >= self._rules.runs_out_probability)).tolist():
            said[row] = None
            missing = max(float(found.p90[row]) - float(left[row]), 0.0)
            # Goods that are counted in whole units are brought in whole units.
            bring = float(ceil(missing - 1e-9)) if left[row].is_integer() else round(missing, 1)
            yield RunOut(row, float(left[row]), float(probability[row]), None if np.isnan(about[row]) else float(about[row]), bring)
