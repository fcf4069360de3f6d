"""Which column of an advertising file is what, guessed from names and values; every guess is a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from producers.sources.columns import numbers, texts
from producers.sources.rows import Column
from streams.contract.errors import UsageError

MEASURES: Final = ("impressions", "clicks", "spend", "conversions", "approved")
"""From the first glance to the sale that counts."""
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "impressions": ("impressions", "impression", "impr", "impressionen", "displays", "adimpressions", "views", "shown"),
    "clicks": ("clicks", "click", "linkclicks", "adclicks", "klicks", "uniquelinkclicks"),
    "spend": (
        "spent", "spend", "cost", "amountspent", "markspent", "adspend", "adcost", "mediacost", "totalspend", "totalcost", "costs",
        "budgetspent", "kosten", "ausgaben", "expense",
    ),
    "conversions": (
        "totalconversion", "totalconversions", "conversions", "conversion", "postclickconversions", "leads", "results", "enquiries",
        "signups", "actions", "konversionen",
    ),
    "approved": ("approvedconversion", "approvedconversions", "approved", "orders", "purchases", "deals", "bestellungen"),
}  # fmt: skip
_WORDS: Final[dict[str, frozenset[str]]] = {
    "impressions": frozenset({"impressions", "impression", "impr", "views", "impressionen"}),
    "clicks": frozenset({"clicks", "click", "klicks"}),
    "spend": frozenset({"spend", "spent", "cost", "costs", "kosten", "ausgaben"}),
    "conversions": frozenset({"conversions", "conversion", "conversionen", "konversionen", "leads", "results", "signups", "enquiries"}),
    "approved": frozenset({"purchases", "purchase", "orders", "order", "approved", "transactions", "bestellungen"}),
}
"""Words of a longer name, such as Daily Cost, that tell a role where no name does as a whole."""
_DATES: Final = ("date", "day", "cdate", "reportdate", "reportingstarts", "reportingstart", "datum", "tag", "week", "time", "timestamp")
_DATE_WORDS: Final = frozenset({"date", "day", "datum", "tag", "starts", "start", "week"})
_IDS: Final = ("adid", "id", "rowid", "creativeid", "index", "unnamed0", "no", "")
_OUTCOMES: Final = re.compile(
    r"revenue|sales?_|sales?$|roas|\broi\b|value|profit|umsatz|amount|turnover|lead|conver|konver|purchase|order|result|transaction|sign_?up"
)
_MADE: Final = re.compile(r"(^|_)(ctr|cpc|cpm|cpa|cvr|roi|roas)($|_)|rate|per_|cost_per|engagement_score|_score$")
CAMPAIGN: Final = re.compile(r"campaign|ad_?group|ad_?set|kampagne", re.IGNORECASE)
"""Names of columns that keep the rows of one campaign together."""
_MONTHS: Final = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
_COMMA: Final = re.compile(r"\d,\d{1,2}$")
_POINT: Final = re.compile(r"\d\.\d{1,2}$")
_MOST_LEVELS: Final = 60
_LEAP_YEAR: Final = 2024
"""Stands for a year that the file does not name, so that 29 February is a date."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The roles of a file's columns.

    measures: column by name of MEASURES. categories: what an ad is like, few values each. groups: the column whose values keep rows
    together when the file is split; None: none. date: columns of the date, empty: none. told: what was guessed.
    """

    measures: dict[str, str]
    categories: list[str]
    groups: str | None
    id: str | None
    date: tuple[str, ...]
    decimal: str = "."
    told: list[str] = field(default_factory=list)


def guess(columns: Mapping[str, Column], given: Mapping[str, str]) -> Columns:
    """The roles of columns. given: roles that the person has named. Raises UsageError for what is missing."""
    _check_given(columns, given)
    told: list[str] = []
    measures = _measures(columns, given, told)
    _check(measures, columns)
    date = (given["date"],) if "date" in given else _date(columns, set(measures.values()))
    if date:
        told.append(f"The date is {' and '.join(map(repr, date))}: models are judged on days that come after those they learned from.")
    ident = given.get("id") or next((name for name in columns if _plain(name) in _IDS and name not in measures.values()), None)
    groups = given.get("group") or _groups(columns, date)
    # What keeps rows together tells nothing of a campaign that was not seen, unless time is what splits them.
    taken = {*measures.values(), *date, *([ident] if ident else []), *([groups] if groups and not date else [])}
    categories, left = _categories(columns, taken)
    if categories:
        told.append(f"Kinds of ads: {', '.join(categories)}.")
    if groups and not date:
        told.append(f"Rows of one {groups!r} stay together when the file is split, so that no campaign is on both sides.")
    told += [f"{name!r} is left out: {why}." for name, why in left.items() if name != groups]
    order = [role for role in MEASURES if role in measures]
    decimal = _decimal([columns[name] for name in measures.values()])
    if decimal == ",":
        told.append("Numbers have a decimal comma, as most of them are written.")
    return Columns({role: measures[role] for role in order}, categories, groups, ident, date, decimal, told)


def _check_given(columns: Mapping[str, Column], given: Mapping[str, str]) -> None:
    for role, column in given.items():
        if role not in (*MEASURES, "date", "id", "group"):
            raise UsageError(f"--column {role}={column}: the roles are {', '.join((*MEASURES, 'date', 'id', 'group'))}.")
        if column not in columns:
            raise UsageError(f"--column {role}={column}: the file has no such column; it has {', '.join(columns)}.")


def _measures(columns: Mapping[str, Column], given: Mapping[str, str], told: list[str]) -> dict[str, str]:
    """The columns of measures: as given, by their names, else by a word of their names; adds to what is told."""
    measures = {role: given[role] for role in MEASURES if role in given}
    for role, names in _NAMES.items():
        found = None if role in measures else _named(columns, names, set(measures.values()))
        if found is not None:
            measures[role] = found
            told.append(f"{role} is the column {found!r}, by its name.")
    for role, words in _WORDS.items():
        found = None if role in measures else _worded(columns, words, set(measures.values()))
        if found is not None:
            measures[role] = found
            told.append(f"{role} is taken to be the column {found!r}, by a word of its name: --column {role}=COLUMN names another.")
    return measures


def dates(columns: Mapping[str, Column], names: tuple[str, ...]) -> pd.DatetimeIndex:
    """The dates of rows, NaT where none can be read. A month's name and a day without a year are taken for one year."""
    if len(names) == 2:
        months = [_month(text) for text in texts(columns[names[0]])]
        days, _ = numbers(columns[names[1]])
        made = [
            f"{_LEAP_YEAR}-{month:02}-{int(day):02}" if month and np.isfinite(day) else None
            for month, day in zip(months, days.tolist(), strict=True)
        ]
        return pd.DatetimeIndex(pd.to_datetime(pd.Series(made, dtype=object), format="%Y-%m-%d", errors="coerce"))
    column = columns[names[0]]
    if isinstance(column, pd.DatetimeIndex):
        return column.tz_localize(None)
    values = pd.Series(texts(column), dtype=object)
    best = pd.DatetimeIndex(pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True)).tz_localize(None)
    for layout in ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d-%b-%y", "%b %d, %Y"):
        read = pd.DatetimeIndex(pd.to_datetime(values, format=layout, errors="coerce"))
        if np.count_nonzero(read.notna()) > np.count_nonzero(best.notna()):
            best = read
    return best


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\([^)]*\)|[_ ](eur|usd|gbp|inr|chf)$", "", name.lower()))


def _words_of(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", re.sub(r"\([^)]*\)", "", name)).lower()))


def _named(columns: Mapping[str, Column], names: tuple[str, ...], taken: set[str]) -> str | None:
    for wanted in names:
        for column in columns:
            if column not in taken and _plain(column) == wanted and _numeric(columns[column]):
                return column
    return None


def _worded(columns: Mapping[str, Column], words: frozenset[str], taken: set[str]) -> str | None:
    for column in columns:
        found = _words_of(column)
        snake = re.sub(r"[^a-z0-9]+", "_", column.lower())
        made = _MADE.search(snake) or found & {"value", "amount", "revenue", "id", "rate", "score"}
        if column not in taken and found & words and not made and _numeric(columns[column]):
            return column
    return None


def _numeric(column: Column) -> bool:
    values, bad = numbers(column[:2000])
    if bad.mean() >= 0.5:
        values, bad = numbers(column[:2000], ",")
    return bool(bad.mean() < 0.5 and np.isfinite(values).mean() > 0.05)


def _decimal(columns: Sequence[Column]) -> str:
    """The decimal sign: a comma if more numbers end with one and one or two digits than with a point."""
    found = [sum(bool(pattern.search(text or "")) for column in columns for text in texts(column[:200])) for pattern in (_COMMA, _POINT)]
    return "," if found[0] > found[1] else "."


def _check(measures: Mapping[str, str], columns: Mapping[str, Column]) -> None:
    if "spend" not in measures:
        raise UsageError(f"No column tells what was spent among {', '.join(columns)}: name it, as in --column spend=COLUMN.")
    if "conversions" not in measures and "approved" not in measures:
        raise UsageError(f"No column tells conversions among {', '.join(columns)}: name it, as in --column conversions=COLUMN.")


def _date(columns: Mapping[str, Column], taken: set[str]) -> tuple[str, ...]:
    month = next((name for name in columns if _plain(name) == "month"), None)
    day = next((name for name in columns if _plain(name) in ("day", "dayofmonth")), None)
    if month and day and _numeric(columns[day]) and any(map(_month, texts(columns[month][:50]))):
        return (month, day)
    for wanted in _DATES:
        for name in columns:
            if _plain(name) == wanted and name not in taken and np.mean(dates({name: columns[name][:500]}, (name,)).notna()) > 0.5:
                return (name,)
    for name in columns:
        if name not in taken and _words_of(name) & _DATE_WORDS and np.mean(dates({name: columns[name][:500]}, (name,)).notna()) > 0.5:
            return (name,)
    return ()


def _month(text: str | None) -> int:
    """The number of a month by its English name or number; 0 for anything else."""
    if text is None:
        return 0
    if text.isdigit() and 1 <= int(text) <= 12:
        return int(text)
    found = [place for place, name in enumerate(_MONTHS, 1) if len(text) >= 3 and name.startswith(text.lower())]
    return found[0] if found else 0


def _categories(columns: Mapping[str, Column], taken: set[str]) -> tuple[list[str], dict[str, str]]:
    kept, left = [], {}
    for name, column in columns.items():
        if name in taken:
            continue
        snake = re.sub(r"[^a-z0-9]+", "_", name.lower())
        levels = {text for text in texts(column) if text is not None}
        if _OUTCOMES.search(snake) and _numeric(column):
            left[name] = "it is known only together with the conversions"
        elif _MADE.search(snake) and _numeric(column):
            left[name] = "it is made from other columns"
        elif len(levels) < 2:
            left[name] = "it has one value only"
        elif len(levels) > min(_MOST_LEVELS, len(column) / 5):
            left[name] = f"{len(levels):,} different values are too many to compare"
        else:
            kept.append(name)
    return kept, left


def _groups(columns: Mapping[str, Column], date: tuple[str, ...]) -> str | None:
    """The campaign-like column with the most values, if it has enough of them to split by."""
    found: list[tuple[int, str]] = []
    for name, column in columns.items():
        if CAMPAIGN.search(name) and name not in date:
            levels = len(set(texts(column)))
            if 5 <= levels < len(column):
                found.append((levels, name))
    return max(found)[1] if found else None
