"""What a batch regressor knows at an origin: lags, rolling means, calendar, promotions; one array each, `[series, days]`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import holidays
import numpy as np
from numpy.typing import NDArray

from streams.processor.local_time import EPOCH_ORDINAL
from streams.processor.rules import place
from workbench.backtest.panel import Flags, Floats, Panel, rolling_sum

F32 = NDArray[np.float32]

LAGS: Final = (1, 2, 3, 4, 5, 6, 7, 14, 21, 28, 35)
ROLLING: Final = (7, 14, 28, 56)
YEAR: Final = 364
SCALE_FLOOR: Final = 0.05
"""A series' scale is never below this share of its mean."""
RARELY, USUALLY, LONGEST_QUIET_RUN = 0.15, 0.85, 14
"""A weekday on which a store's share of days with sales lies between the first two has quiet days, in runs of at most the third."""
CATEGORIES: Final[tuple[str, ...]] = ("series", "store", "item", "holiday")


def scale_of(panel: Panel) -> Floats:
    """Mean of the newest 28 days, at least 5 % of the mean so far; features and targets are ratios to it."""
    days = np.cumsum(panel.started, axis=1)
    total = np.cumsum(np.maximum(panel.units, 0), axis=1)
    newest = np.minimum(np.maximum(days, 1), 28)
    before = np.pad(total, ((0, 0), (28, 0)))[:, : total.shape[1]]
    return np.asarray(np.maximum((total - before) / newest, SCALE_FLOOR * total / np.maximum(days, 1)) + 1e-3)


def open_or_quiet(panel: Panel) -> Flags:
    """Days on which each series' store was open, with or without sales, `[series, days]`.

    A store that sells something on only some Mondays has quiet Mondays: open days without demand, which a model must learn. Weekly closing
    days, holidays and long runs of empty days are not open.
    """
    sold = panel.store_open
    quiet = np.zeros_like(sold)
    started = np.maximum.accumulate(sold, axis=1)
    for weekday in range(7):
        on = slice(weekday, None, 7)
        share = sold[:, on].sum(1) / np.maximum(started[:, on].sum(1), 1)
        quiet[:, on] = ((share >= RARELY) & (share <= USUALLY))[:, None]
    days = np.arange(sold.shape[1])
    run = days - np.maximum.accumulate(np.where(sold, days, -1), axis=1)
    return np.asarray(sold | (quiet & started & (run <= LONGEST_QUIET_RUN)))


class Table:
    """Features by origin and span. Column t knows all days up to t, and the calendar and promotions of the days after it."""

    def __init__(self, panel: Panel, country_of: Callable[[str], str]) -> None:
        self.panel = panel
        self.scale = scale_of(panel)
        self.days = panel.units.shape[1]
        self._units = np.where(panel.started, panel.units, np.nan)
        self._dates = [dt.date.fromordinal(panel.first_day + place + EPOCH_ORDINAL) for place in range(self.days + 29)]
        self._holiday = self._holidays([country_of(store) for store in panel.stores])
        self._common = self._history() | self._codes()

    def columns(self, span: int) -> dict[str, F32]:
        """All features for windows of `span` days, by name, `[series, days]`."""
        return self._common | self._ahead(span)

    def _history(self) -> dict[str, F32]:
        units, scale, found = self._units, self.scale, {}
        for lag in LAGS:
            found[f"lag {lag}"] = _delayed(units, lag - 1) / scale
        for span in ROLLING:
            found[f"mean {span}"] = rolling_sum(self.panel.units, span) / span / scale
        squares = rolling_sum(self.panel.units**2, 28) / 28
        means = rolling_sum(self.panel.units, 28) / 28
        found["deviation 28"] = np.sqrt(np.maximum(squares - means**2, 0)) / scale
        found["zeros 28"] = rolling_sum((self.panel.units == 0).astype(float), 28)
        found["log scale"] = np.log(scale)
        found["age"] = np.cumsum(self.panel.started, axis=1).astype(float)
        return {name: values.astype(np.float32) for name, values in found.items()}

    def _codes(self) -> dict[str, F32]:
        stores = np.unique(self.panel.stores, return_inverse=True)[1]
        items = np.unique(self.panel.items, return_inverse=True)[1]
        codes = {"series": np.arange(len(stores)), "store": stores, "item": items}
        return {name: self._by_series(code.astype(np.float32)) for name, code in codes.items()}

    def _ahead(self, span: int) -> dict[str, F32]:
        """Features of the days after the origin: calendar, holidays, promotions, and the same days of earlier weeks and last year."""
        first = self._dates[1 : self.days + 1]
        numbers = {
            "weekday": [d.weekday() for d in first],
            "day of month": [d.day for d in first],
            "month": [d.month for d in first],
            "day of year": [d.timetuple().tm_yday for d in first],
            "days to Christmas": [(dt.date(d.year, 12, 25) - d).days for d in first],
        }
        found = {name: self._by_day(np.array(values, np.float32)) for name, values in numbers.items()}
        named = np.lib.stride_tricks.sliding_window_view(self._holiday > 0, span, axis=1)
        found["holidays"] = named[:, 1 : self.days + 1].sum(2, dtype=np.float32)
        found["holiday"] = self._holiday[:, 1 : self.days + 1]
        found["holiday tomorrow"] = self._holiday[:, 2 : self.days + 2]
        found["holiday yesterday"] = self._holiday[:, : self.days]
        weeks = [_delayed(self._units, 7 * week - 1) for week in range(1, 9)]
        found["weekday mean"] = (_mean(weeks) / self.scale).astype(np.float32)
        sums = self.panel.window_sums(span)
        last_year = np.where(_delayed(self.panel.started.astype(float), YEAR) > 0, _delayed(sums, YEAR - span), np.nan)
        found["last year"] = (last_year / span / self.scale).astype(np.float32)
        return found | self._promotions(span) | self._openings(span)

    def _promotions(self, span: int) -> dict[str, F32]:
        if self.panel.promoted is None:
            return {}
        return self._flags("promotion", self.panel.promoted, span)

    def _openings(self, span: int) -> dict[str, F32]:
        if self.panel.told_open is None:
            return {}
        closed = ~self.panel.told_open
        after = np.pad(closed.astype(np.float32), ((0, 0), (0, span + 1)))[:, span + 1 : self.days + span + 1]
        return self._flags("closed", closed, span) | {"closed after": after}

    def _flags(self, name: str, flags: Flags, span: int) -> dict[str, F32]:
        """Days of what is known ahead: how many in the window, whether the next and the newest day, how many of late."""
        held = flags.astype(np.float32)
        ahead = np.pad(held, ((0, 0), (0, span)))
        counts = np.lib.stride_tricks.sliding_window_view(ahead, span, axis=1)[:, 1 : self.days + 1].sum(2)
        return {
            f"{name} days": counts.astype(np.float32),
            f"{name} tomorrow": ahead[:, 1 : self.days + 1],
            f"{name} today": held,
            f"{name} last 7": rolling_sum(held.astype(float), 7).astype(np.float32),
        }

    def _holidays(self, codes: list[str]) -> F32:
        """A number for the name of each day's holiday, 0 for none, by series: the holidays are those of the place of its store."""
        years = range(self._dates[0].year, self._dates[-1].year + 1)
        numbers: dict[str, int] = {}  # shared by all places: New Year is the same holiday everywhere
        rows: dict[str, list[int]] = {}
        for code in dict.fromkeys(codes):
            country, subdivision = place(code)
            names = holidays.country_holidays(country, subdiv=subdivision, years=years) if country else {}
            rows[code] = [numbers.setdefault(names[d], len(numbers) + 1) if d in names else 0 for d in self._dates]
        return np.array([rows[code] for code in codes], np.float32)

    def _by_day(self, values: F32) -> F32:
        return np.broadcast_to(values[None, : self.days], (len(self.panel.stores), self.days))

    def _by_series(self, values: F32) -> F32:
        return np.broadcast_to(values[:, None], (len(values), self.days))


def _delayed(values: Floats, days: int) -> Floats:
    """The value of `days` days before each day; NaN where there is none."""
    out = np.full(values.shape, np.nan)
    if days < values.shape[1]:
        out[:, days:] = values[:, : values.shape[1] - days]
    return out


def _mean(values: list[Floats]) -> Floats:
    stacked = np.stack(values)
    known = ~np.isnan(stacked)
    count = known.sum(0)
    return np.where(count > 0, np.where(known, stacked, 0).sum(0) / np.maximum(count, 1), np.nan)
