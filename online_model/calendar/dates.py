"""What is known of a date by itself: weekday, place in the month, Christmas, the nearest named holiday."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import holidays
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOLIDAY_OFFSETS: Final = (0, 1, -1, 2, -2, -3)
"""Days after a named holiday that have a key, nearest first, the earlier holiday on a tie."""
KEPT_YEARS: Final = 32
"""Years of a country that are kept, for stores in different ones; then all are built again as they are needed."""
DATE_FEATURES: Final = 19
"""1; weekday 1-6; six bins of the month; six bins around Christmas."""


def year_before(day: int) -> int:
    """The same date a year before (29 February: the 28th), as an ordinal."""
    d = dt.date.fromordinal(day)
    if (d.month, d.day) == (2, 29):
        return dt.date(d.year - 1, 2, 28).toordinal()
    return d.replace(year=d.year - 1).toordinal()


def date_features(day: int) -> list[float]:
    """The `DATE_FEATURES` numbers of a date."""
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
    """Refuse codes that the holidays library does not know, with a ValueError that says so."""
    if country is None:
        return
    try:
        holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError as error:
        place = country if subdivision is None else f"{country}, {subdivision}"
        raise ValueError(f"no holidays are known for {place}: give ISO 3166 codes, as GB and SCT, or none") from error


class HolidayKeys:
    """Numbers of (country, holiday, offset), given out in order of need; the list of names is state."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._index: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str) -> int:
        """Number of a key; a new one gets the next."""
        if name not in self._index:
            self._index[name] = len(self.names)
            self.names.append(name)
        return self._index[name]

    def restore(self, names: list[str]) -> None:
        """Take the names of a dump."""
        self.names = list(names)
        self._index = {name: i for i, name in enumerate(names)}


class CalendarTable:
    """Dates of one country (and subdivision), built a year at a time as they are needed; no state but `keys`.

    Attributes
    ----------
    features
        `[days, DATE_FEATURES]` from day `base` on.
    key
        Number of the nearest holiday's key, -1 for none, `[days]`.
    before
        Ordinal of the same date a year before, `[days]`.
    names
        The day's own holiday, "" for none, by ordinal.

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
        """Where days `day` to `day + n - 1` stand in the arrays; builds the years that are missing, and those alone.

        What is built, and so the order in which holidays get their keys, depends on the days that are asked for and on nothing
        that was built before: a table is no state.
        """
        if not self.base <= day <= self.end:
            self.base = self.end = dt.date(dt.date.fromordinal(day).year, 1, 1).toordinal()
            self.features, self.key, self.before = self.features[:0], self.key[:0], self.before[:0]
        while self.end < day + n:
            self._append(dt.date.fromordinal(self.end).year)
        return slice(day - self.base, day - self.base + n)

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
        """Holidays of a year and its neighbours by ordinal; of several on one day the first."""
        if self.country is None:
            return {}
        years = range(year - 1, year + 2)
        found = holidays.country_holidays(self.country, subdiv=self.subdivision, years=years, language="en_US")
        return {d.toordinal(): str(found[d]).split(";")[0] for d in sorted(found)}

    def _key(self, day: int, named: dict[int, str]) -> int:
        """A day with a name of its own, "(observed)" included, has offset 0; an observed day has no neighbours."""
        for offset in HOLIDAY_OFFSETS:
            name = named.get(day - offset)
            if name and (offset == 0 or not name.endswith("(observed)")):
                return self.keys.number(f"{self.country}|{name}|{offset}")
        return -1
