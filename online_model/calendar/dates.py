"""What a date alone tells: weekday, place in the month, distance to Christmas, the nearest named holiday."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import holidays
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOLIDAY_OFFSETS: Final = (0, 1, -1, 2, -2, -3)
"""Offsets in days from a named holiday that have a key, nearest first; on a tie the earlier holiday wins."""
KEPT_YEARS: Final = 32
"""Years that a table caches for stores whose dates lie apart; beyond it the cache is emptied."""
DATE_FEATURES: Final = 19
"""A constant 1; weekdays Tuesday to Sunday; six parts of the month; six periods around Christmas."""


def year_before(day: int) -> int:
    """The same date one year earlier (28 February for 29 February), as an ordinal."""
    d = dt.date.fromordinal(day)
    if (d.month, d.day) == (2, 29):
        return dt.date(d.year - 1, 2, 28).toordinal()
    return d.replace(year=d.year - 1).toordinal()


def date_features(day: int) -> list[float]:
    """The features of a date, `DATE_FEATURES` numbers."""
    d = dt.date.fromordinal(day)
    left = ((d.replace(day=1) + dt.timedelta(days=31)).replace(day=1) - d).days - 1
    before = (dt.date(d.year, 12, 24) - d).days
    month = (d.day <= 2, 3 <= d.day <= 5, 6 <= d.day <= 9, 13 <= d.day <= 17, 2 <= left <= 4, left <= 1)
    christmas = (
        *(7 * w <= before <= 7 * w + 6 for w in range(4)),
        d.month == 12 and d.day >= 27,
        d.month == 1 and d.day <= 6,
    )
    return [1.0, *(float(d.weekday() == w) for w in range(1, 7)), *map(float, month), *map(float, christmas)]


def check_country(country: str | None, subdivision: str | None) -> None:
    """Raise ValueError for codes that the holidays library does not know."""
    if country is None:
        return
    try:
        holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError as error:
        place = country if subdivision is None else f"{country}, {subdivision}"
        raise ValueError(f"no holidays are known for {place}: give ISO 3166 codes such as GB and SCT, or none") from error


class HolidayKeys:
    """Numbers for the keys (country, holiday, offset), assigned as they are first needed; the list of names is state."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._index: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str) -> int:
        """The number of a key; a new key gets the next number."""
        if name not in self._index:
            self._index[name] = len(self.names)
            self.names.append(name)
        return self._index[name]

    def restore(self, names: list[str]) -> None:
        """Restore the names from a dump."""
        self.names = list(names)
        self._index = {name: i for i, name in enumerate(names)}


class CalendarTable:
    """The calendar of one country and subdivision, built a year at a time as needed. Only `keys` is state.

    Attributes
    ----------
    features
        Features of the days from ordinal `base` on, `[days, DATE_FEATURES]`.
    key
        Number of the key of the nearest holiday, `[days]`; -1: none near.
    before
        Ordinal of the same date one year earlier, `[days]`.
    names
        Names of the holidays by ordinal; days without one are missing.

    """

    def __init__(self, country: str | None, subdivision: str | None, keys: HolidayKeys) -> None:
        self.country, self.subdivision, self.keys = country, subdivision, keys
        self.base = self.end = 0
        self.features: NDArray[np.float32] = np.zeros((0, DATE_FEATURES), np.float32)
        self.key: NDArray[np.int64] = np.zeros(0, np.int64)
        self.before: NDArray[np.int64] = np.zeros(0, np.int64)
        self.names: dict[int, str] = {}
        self._years: dict[int, tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]] = {}

    def reach(self, day: int, n: int) -> slice:
        """Places of the days `day` to `day + n - 1` in the arrays; builds the years that are missing, and no others.

        What is built, and hence the order in which holidays get their numbers, depends only on the days asked for, not on what the
        cache holds. So a table need not be part of the state.
        """
        if not self.base <= day <= self.end:
            self.base = self.end = dt.date(dt.date.fromordinal(day).year, 1, 1).toordinal()
            self.features, self.key, self.before = self.features[:0], self.key[:0], self.before[:0]
        while self.end < day + n:
            self._append(dt.date.fromordinal(self.end).year)
        return slice(day - self.base, day - self.base + n)

    def days_to_holiday(self, day: int) -> int | None:
        """Days from the nearest named holiday to `day`, -3 to 2; None: there is none near."""
        place = self.reach(day, 1).start
        number = int(self.key[place])
        return None if number < 0 else int(self.keys.names[number].rpartition("|")[2])

    def _append(self, year: int) -> None:
        if year not in self._years:
            if len(self._years) >= KEPT_YEARS:
                self._years.clear()
            self._years[year] = self._built(year)
        features, key, before = self._years[year]
        self.features = np.concatenate([self.features, features])
        self.key = np.concatenate([self.key, key])
        self.before = np.concatenate([self.before, before])
        self.end += len(key)

    def _built(self, year: int) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
        days = range(dt.date(year, 1, 1).toordinal(), dt.date(year + 1, 1, 1).toordinal())
        named = self._named(year)
        self.names |= {day: named[day] for day in days if day in named}
        return (
            np.array([date_features(d) for d in days], np.float32),
            np.array([self._key(d, named) for d in days], np.int64),
            np.array([year_before(d) for d in days], np.int64),
        )

    def _named(self, year: int) -> dict[int, str]:
        """Holidays of a year and of the two years beside it, by ordinal; the first name where a day has several."""
        if self.country is None:
            return {}
        years = range(year - 1, year + 2)
        found = holidays.country_holidays(self.country, subdiv=self.subdivision, years=years, language="en_US")
        return {d.toordinal(): str(found[d]).split(";")[0] for d in sorted(found)}

    def _key(self, day: int, named: dict[int, str]) -> int:
        """Number of the nearest holiday's key. An observed holiday ("(observed)") counts on its own day but not on the days around it."""
        for offset in HOLIDAY_OFFSETS:
            name = named.get(day - offset)
            if name and (offset == 0 or not name.endswith("(observed)")):
                return self.keys.number(f"{self.country}|{name}|{offset}")
        return -1
