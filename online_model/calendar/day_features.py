"""Calendar features of today and the 28 days ahead: those a store's series share, and those that promotions add to each series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.calendar.dates import DATE_FEATURES
from online_model.horizons import DAYS_AHEAD, SPANS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from online_model.calendar.dates import CalendarTable
    from online_model.calendar.opening import Opening

    Floats32 = NDArray[np.float32]
    Bools = NDArray[np.bool_]

CLOSURE_FEATURES: Final = 8
COMMON: Final = DATE_FEATURES + CLOSURE_FEATURES
"""Features that all series of a store share on a day."""
PROMOTION_FEATURES: Final = 11
N_FEATURES: Final = COMMON + PROMOTION_FEATURES
"""All calendar features of a series, in this order: dates, closures, promotions."""
COLUMNS: Final = DAYS_AHEAD + 1
"""Today and the days ahead."""
PAST: Final = 7
"""Days before today that the features look back on."""
RECENT_PROMOTIONS: Final = 5.0
"""The number of promoted days among the previous 7 is divided by this."""


@dataclass(frozen=True, slots=True)
class StoreDay:
    """What all series of a store share at a close. Place 0 is today, place i the i-th day ahead.

    Attributes
    ----------
    day
        Ordinal of today.
    x
        Common features, `[29, COMMON]`.
    key
        Numbers of the holiday keys, `[29]`; -1: none.
    weekday
        0 = Monday, `[29]`.
    before
        Ordinal of the same date one year earlier, `[29]`.
    opens
        Whether the store opens on each day ahead, `[28]`.
    open_days
        Number of open days in each horizon, `[horizons]`.
    doubt
        Standard deviation of that number over the number, as the store's surprises of late have it, `[horizons]`: surprising days come
        in runs, such as four closed Mondays, so they do not cancel. 0 for a day, and for what was announced.
    by_day, by_weekday
        Weights that average the open days of each horizon, `[horizons, 28]` and `[horizons, 7]`; 0 where it has none.
    previous_open
        Newest open day before each place, counted from 7 days before today, `[29]`; -1: none.

    """

    day: int
    x: Floats32
    key: NDArray[np.int64]
    weekday: NDArray[np.int64]
    before: NDArray[np.int64]
    opens: Bools
    open_days: NDArray[np.int64]
    doubt: Floats32
    by_day: Floats32
    by_weekday: Floats32
    previous_open: NDArray[np.int64]


_IN_SPAN: Final = np.array([[i < b for i in range(DAYS_AHEAD)] for b in SPANS])


def store_day(day: int, opening: Opening, table: CalendarTable, told: Mapping[int, bool], *, opened: bool) -> StoreDay:
    """What a store's series share at the close of `day`; `opening` learns the day, `told` is `openings` of `Forecaster.close`."""
    past, run = opening.history[-PAST:], opening.closed_run
    opening.close(day, table, opened=opened)
    return _days(day, opening, table, told, past, run, opened=opened)


def known_day(day: int, opening: Opening, table: CalendarTable, told: Mapping[int, bool]) -> StoreDay:
    """The same of a day that has been learned already, the newest one, with other announcements."""
    past, opened = opening.history[-PAST - 1 : -1], bool(opening.history[-1])
    run = int(np.argmax(np.append(opening.history[-2::-1], True)))
    return _days(day, opening, table, told, past, run, opened=opened)


def _days(day: int, opening: Opening, table: CalendarTable, told: Mapping[int, bool], past: Bools, run: int, *, opened: bool) -> StoreDay:
    ahead = opening.ahead(day, table, told)
    span = table.reach(day, COLUMNS)
    is_open = np.concatenate([past, [opened], ahead])
    x = np.zeros((COLUMNS, COMMON), np.float32)
    x[:, :DATE_FEATURES] = table.features[span]
    if not is_open.all() or run:
        x[:, DATE_FEATURES:] = closures(is_open, opening.usually(day - PAST, len(is_open)), run)
    weekday = (day - 1 + np.arange(COLUMNS)) % 7
    opens = is_open[PAST + 1 : PAST + 1 + DAYS_AHEAD]
    chosen = _IN_SPAN & opens
    open_days = chosen.sum(1)
    untold = np.array([sum(day + i not in told for i in range(1, b + 1)) / b * (b > 1) for b in SPANS], np.float32)
    by_day = (chosen / np.maximum(open_days, 1)[:, None]).astype(np.float32)
    by_weekday = by_day @ (weekday[1:, None] == np.arange(7)).astype(np.float32)
    newest = np.maximum.accumulate(np.where(is_open, np.arange(len(is_open)), -1))
    previous = newest[PAST - 1 : PAST - 1 + COLUMNS]
    doubt = np.float32(opening.doubt()) * untold
    return StoreDay(day, x, table.key[span], weekday, table.before[span], opens, open_days, doubt, by_day, by_weekday, previous)


def closures(is_open: Bools, usual: Bools, run: int) -> Floats32:
    """Features of the closures around each day, for today and the 28 days ahead. A closure is a closed day that usually is an open one.

    Parameters
    ----------
    is_open, usual
        Days -7 to +35, `[43]`: whether the store is open; whether it usually is on that weekday.
    run
        Number of closed days just before today.

    Returns
    -------
    array
        `[29, 8]`: a closure the day before; the day after; a run of 2-6 closed days just before; just after; reopened after 7 or
        more closed days; a closure in two days with an open day between; closures of the last 7 days; of the next 7 days.

    """
    odd = ~is_open & usual
    n = COLUMNS
    before, after = np.zeros(n, np.int64), np.zeros(n, np.int64)
    r = run
    for i, o in enumerate(is_open[PAST : PAST + n].tolist()):
        before[i] = r
        r = 0 if o else r + 1
    r = 0
    for i in range(len(is_open) - 1, PAST - 1, -1):
        if i - PAST < n:
            after[i - PAST] = r
        r = 0 if is_open[i] else r + 1
    total = np.concatenate([[0], np.cumsum(odd)])
    last7, next7 = total[7 : 7 + n] - total[:n], total[15 : 15 + n] - total[8 : 8 + n]
    return np.stack(
        [
            odd[6 : 6 + n],
            odd[8 : 8 + n],
            (before >= 2) & (before <= 6),
            (after >= 2) & (after <= 6),
            before >= 7,
            odd[9 : 9 + n] & is_open[8 : 8 + n],
            np.minimum(last7, 2) / 2,
            np.minimum(next7, 2) / 2,
        ],
        1,
    ).astype(np.float32)


@dataclass(frozen=True, slots=True)
class PromotionDays:
    """Promotions of each series by day, place 0 today: `[d, n]` each.

    Attributes
    ----------
    held
        1 while on promotion.
    first, after
        1 on a promotion's first day; 1 on the day after it ends. Only open days count.
    recent
        Promoted days among the previous 7, divided by 5.
    weekday
        0 = Monday, `[d]`.

    """

    held: Floats32
    first: Floats32
    after: Floats32
    recent: Floats32
    weekday: NDArray[np.int64]

    def part(self, days: slice) -> PromotionDays:
        """The same for some of the days."""
        return PromotionDays(self.held[days], self.first[days], self.after[days], self.recent[days], self.weekday[days])

    def columns(self) -> Floats32:
        """Features of place 0, `[11, n]`: promotion; the same by weekday, Tuesday to Sunday; first; after; recent; promotion x recent."""
        out = np.zeros((PROMOTION_FEATURES, self.held.shape[1]), np.float32)
        out[0] = self.held[0]
        if self.weekday[0] > 0:
            out[self.weekday[0]] = self.held[0]
        out[7], out[8], out[9], out[10] = self.first[0], self.after[0], self.recent[0], self.held[0] * self.recent[0]
        return out

    def effect(self, weights: Floats32) -> Floats32:
        """Weights `[11, n]` times features, summed: `[d, n]`."""
        by_weekday = weights[0] + np.concatenate([np.zeros_like(weights[:1]), weights[1:7]])
        out = self.held * (by_weekday[self.weekday] + self.recent * weights[10])
        out += self.first * weights[7]
        out += self.after * weights[8]
        out += self.recent * weights[9]
        return np.asarray(out)


def promotion_days(promotion: Floats32, past: Floats32, last_open: Floats32, days: StoreDay) -> PromotionDays:
    """The promotions of each series as features.

    Parameters
    ----------
    promotion
        Today and the 28 days ahead, 0 or 1, `[29, n]`.
    past
        The 7 days before today, `[7, n]`.
    last_open
        Whether the newest open day before those was promoted, `[n]`.
    days
        What the store's series share.

    """
    whole = np.concatenate([past, promotion])
    before = whole[days.previous_open]
    none = days.previous_open < 0
    if none.any():
        before[none] = last_open
    total = np.concatenate([np.zeros_like(whole[:1]), np.cumsum(whole, 0, dtype=np.float32)])
    recent = (total[PAST : PAST + COLUMNS] - total[:COLUMNS]) / RECENT_PROMOTIONS
    both = promotion * before
    return PromotionDays(promotion, promotion - both, before - both, recent, days.weekday)
