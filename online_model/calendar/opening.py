"""Which days a store opens: told ahead, or learned from its week and the holidays it keeps closed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.horizons import DAYS_AHEAD, KNOWN_OPEN_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from online_model.calendar.dates import CalendarTable

    Bools = NDArray[np.bool_]

PATTERN_GAIN: Final = 0.35
"""EWMA gain of a weekday's share of open days: closed twice in a row means closed, open once means open."""
WHOLE_CALENDAR: Final = 7
"""Where so many days ahead are told as well, a day is one of a calendar told whole, which teaches the week; else it is an exception, as a
Sunday before Christmas, which does not."""
LONGEST_WEEKLY_RUN: Final = 3
"""Longer runs of closed days are holidays of the shop and say nothing of its week."""
CLOSES_ON_ALL: Final = 2
"""Kept closed on so many named holidays and open on none, a store is expected to close on those it has not met yet."""
SURPRISE_GAIN, QUIET_AT = 0.03, 0.1
"""A store whose days without a sale come as a surprise that often is not closed on them: it sells little."""
SHARE_GAIN, RARELY = 0.08, 0.15
"""Such a store is closed on weekdays that are open less often than this."""
STAYS_CLOSED: Final = 14
"""After so many closed days in a row the store is expected to stay closed."""
FIXED_FEASTS: Final = {(12, 25): "Christmas Day", (1, 1): "New Year's Day"}
"""Looked at when the store has no country."""


class Opening:
    """Opening days of one store.

    Attributes
    ----------
    weekly
        EWMA of "was open" by weekday, Monday first, `[7]`.
    share
        A slower one, `[7]`.
    surprise
        EWMA of "not as the week says", feasts and longer runs aside.
    history
        The last 28 days, newest last, `[28]`.
    closed_run
        Closed days just before now.
    exception, told_closed
        Whether the newest day was told as an exception; was told to be closed.
    kept_closed, kept_open
        Names of holidays on which it was closed, was open the last time.

    """

    def __init__(self) -> None:
        self.weekly: NDArray[np.float64] = np.ones(7)
        self.share: NDArray[np.float64] = np.ones(7)
        self.surprise = 0.0
        self.silent_run = 0
        self.history: Bools = np.ones(DAYS_AHEAD, np.bool_)
        self.closed_run = 0
        self.exception = self.told_closed = False
        self.kept_closed: list[str] = []
        self.kept_open: list[str] = []

    def counts_as_open(self, day: int, table: CalendarTable, *, sold: bool, told: Mapping[int, bool]) -> bool:
        """Whether a day counts as open: something was sold, it was told to be open, or a store that sells little just sold nothing.

        Parameters
        ----------
        day, sold
            Ordinal of the day; whether anything at all was sold in the store.
        told
            See `Forecaster.close`. A day that was told is no surprise, and says nothing of how much a store sells.

        """
        word = told.get(day)
        self.told_closed = word is False and not sold
        self.exception = word is not None and any(day + i not in told for i in range(1, WHOLE_CALENDAR + 1))
        if word is not None:
            self.silent_run = 0 if sold or word else self.silent_run
            return sold or word
        w = (day - 1) % 7
        self.silent_run = 0 if sold else self.silent_run + 1
        if not _feast(day, table) and self.silent_run <= LONGEST_WEEKLY_RUN:
            self.surprise += SURPRISE_GAIN * (float((self.weekly[w] > 0.5) != sold) - self.surprise)
            self.share[w] += SHARE_GAIN * (float(sold) - self.share[w])
        quiet = self.surprise > QUIET_AT and self.silent_run < STAYS_CLOSED
        return sold or (quiet and bool(self.share[w] >= RARELY) and not _feast(day, table))

    def close(self, day: int, table: CalendarTable, *, opened: bool) -> None:
        """A day is over."""
        self.history = np.append(self.history[1:], opened)
        name = _feast(day, table)
        self.closed_run = 0 if opened else self.closed_run + 1
        if name:
            self._keep(name, day, opened=opened)
        elif self.closed_run <= LONGEST_WEEKLY_RUN and not self.exception:
            w = (day - 1) % 7
            self.weekly[w] += PATTERN_GAIN * (float(opened) - self.weekly[w])

    def leap(self, days: int) -> None:
        """So many days without a sale were passed over."""
        gone = min(days, DAYS_AHEAD)
        self.history = np.append(self.history[gone:], np.zeros(gone, np.bool_))
        self.closed_run += days
        self.silent_run += days
        self.exception = self.told_closed = False

    def _keep(self, name: str, day: int, *, opened: bool) -> None:
        """Remember what the store did on a holiday; closed on its weekly closing day it says nothing."""
        if opened or self.weekly[(day - 1) % 7] > 0.5:
            now, before = (self.kept_open, self.kept_closed) if opened else (self.kept_closed, self.kept_open)
            if name in before:
                before.remove(name)
            if name not in now:
                now.append(name)

    def _closes_on(self, name: str) -> bool:
        if name in self.kept_closed:
            return True
        return len(self.kept_closed) >= CLOSES_ON_ALL and not self.kept_open

    def usually(self, day: int, n: int) -> Bools:
        """Whether the weekdays of n days from `day` on are open ones, `[n]`."""
        return np.asarray((self.weekly > 0.5)[(day - 1 + np.arange(n)) % 7])

    def ahead(self, day: int, table: CalendarTable, told: Mapping[int, bool]) -> Bools:
        """Days +1..+35 after `day` on which the store is expected to open, `[35]`; those of `told` by ordinal as they were told."""
        expected = self._learned(day, table)
        for known, opens in told.items():
            if 0 < known - day <= KNOWN_OPEN_DAYS:
                expected[known - day - 1] = opens
        return expected

    def _learned(self, day: int, table: CalendarTable) -> Bools:
        if self.closed_run >= STAYS_CLOSED and not self.told_closed:
            return np.zeros(KNOWN_OPEN_DAYS, np.bool_)
        expected = self.usually(day + 1, KNOWN_OPEN_DAYS)
        if self.kept_closed:
            table.reach(day + 1, KNOWN_OPEN_DAYS)
            for i in range(KNOWN_OPEN_DAYS):
                name = _feast(day + 1 + i, table)
                if name and self._closes_on(name):
                    expected[i] = False
        return expected


def _feast(day: int, table: CalendarTable) -> str:
    if table.country is not None:
        return table.names.get(day, "")
    date = dt.date.fromordinal(day)
    return FIXED_FEASTS.get((date.month, date.day), "")
