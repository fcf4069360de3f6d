"""On which days a store opens: as announced, or as learned from its week and from the holidays on which it closed."""

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
"""Gain of each weekday's running share of open days. At this gain, two closed days in a row mean closed and one open day means open."""
WHOLE_CALENDAR: Final = 7
"""If the next 7 days are announced too, the store announces its whole calendar, and an announced day teaches the usual week. Otherwise
the day is an exception, such as an open Sunday before Christmas, and teaches nothing about the week."""
LONGEST_WEEKLY_RUN: Final = 3
"""A longer run of closed days is a break of the store and says nothing about its usual week."""
CLOSES_ON_ALL: Final = 2
"""A store that has closed on this many named holidays and opened on none is expected to close on the others too."""
SURPRISE_GAIN, QUIET_AT = 0.03, 0.1
"""A running share of surprising days above `QUIET_AT` means that days without a sale are not closures: the store just sells little."""
SHARE_GAIN, RARELY = 0.08, 0.15
"""A store that sells little counts as closed on weekdays on which it sells less often than `RARELY`."""
STAYS_CLOSED: Final = 14
"""After this many closed days in a row the store is expected to stay closed."""
FIXED_FEASTS: Final = {(12, 25): "Christmas Day", (1, 1): "New Year's Day"}
"""Holidays of a store that has no country, by month and day."""


class Opening:
    """The opening days of one store.

    Attributes
    ----------
    weekly
        Running share of open days by weekday, Monday first, `[7]`.
    share
        Slower running share of days with a sale by weekday, `[7]`.
    surprise
        Running share of days on which the store did not do as its week says, without holidays and longer runs.
    history
        The last 28 days, newest last, `[28]`.
    closed_run
        Number of closed days up to now.
    exception, told_closed
        Whether the newest day was announced as an exception; whether it was announced as closed.
    kept_closed, kept_open
        Names of the holidays on which the store last closed; last opened.

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
        """Whether a day counts as open: it sold something, was announced as open, or belongs to a store that often sells nothing.

        Parameters
        ----------
        day, sold
            Ordinal of the day; whether the store sold anything at all.
        told
            Announced openings, see `Forecaster.close`. An announced day is no surprise and says nothing about how much the store sells.

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
        """Learn a day that is over."""
        self.history = np.append(self.history[1:], opened)
        name = _feast(day, table)
        self.closed_run = 0 if opened else self.closed_run + 1
        if name:
            self._keep(name, day, opened=opened)
        elif self.closed_run <= LONGEST_WEEKLY_RUN and not self.exception:
            w = (day - 1) % 7
            self.weekly[w] += PATTERN_GAIN * (float(opened) - self.weekly[w])

    def leap(self, days: int) -> None:
        """Skip this many days without a sale."""
        gone = min(days, DAYS_AHEAD)
        self.history = np.append(self.history[gone:], np.zeros(gone, np.bool_))
        self.closed_run += days
        self.silent_run += days
        self.exception = self.told_closed = False

    def _keep(self, name: str, day: int, *, opened: bool) -> None:
        """Remember what the store did on a holiday. A closed holiday on a weekly closing day says nothing."""
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

    def doubt(self) -> float:
        """Share of days on which the store does not do as its week says; 0 where it sells so little that its days say nothing."""
        return self.surprise if self.surprise <= QUIET_AT else 0.0

    def usually(self, day: int, n: int) -> Bools:
        """Whether each of the `n` days from `day` on falls on a weekday that is usually open, `[n]`."""
        return np.asarray((self.weekly > 0.5)[(day - 1 + np.arange(n)) % 7])

    def ahead(self, day: int, table: CalendarTable, told: Mapping[int, bool]) -> Bools:
        """Whether the store should open on each of the 35 days after `day`, `[35]`; announced days (`told`, by ordinal) as announced."""
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
