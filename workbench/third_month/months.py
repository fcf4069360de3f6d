"""The rows of the exercise: read from CSV, cleaned by named rules, each counted."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streams.contract.errors import UsageError

NAMES: Final = ("rate", "sales_in_first_month", "sales_in_second_month", "sales_in_third_month")
MOST_RATE: Final = 1_000.0
MOST_SALES: Final = 1e9
MOST_ROWS: Final = 100_000
_ALSO: Final[dict[str, tuple[str, ...]]] = {
    "rate": ("rate", "interest", "interestrate", "rateofinterest"),
    "sales_in_first_month": ("salesinfirstmonth", "firstmonth", "month1", "sales1", "first"),
    "sales_in_second_month": ("salesinsecondmonth", "secondmonth", "month2", "sales2", "second"),
    "sales_in_third_month": ("salesinthirdmonth", "thirdmonth", "month3", "sales3", "third"),
}
_ONES: Final = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?"})


@dataclass(frozen=True, slots=True)
class Month:
    """One row. rate: percent; None where it is not known. first, second, third: sales, never negative."""

    rate: float | None
    first: float
    second: float
    third: float


@dataclass(slots=True)
class Cleaned:
    """What is left of a file. mended, dropped: how often each rule applied, by its name."""

    rows: int
    months: list[Month] = field(default_factory=list)
    mended: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


class _DropError(Exception):
    """A row that a rule leaves out; the text names the rule."""


def read_months(path: Path) -> Cleaned:
    """The rows of a CSV file with a header. Raises UsageError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as CSV: {error}.") from None
    if not lines:
        raise UsageError(f"{path} has no rows: give a header and one row for each case.")
    if len(lines) > MOST_ROWS:
        raise UsageError(f"{path} has {len(lines):,} rows; at most {MOST_ROWS:,} are taken.")
    return clean([line for line in lines if line], columns_of([name for name in lines[0] if name], path.name))


def columns_of(header: Sequence[str], name: str) -> dict[str, str]:
    """The column of each field, by its name. Raises UsageError for one that is missing."""
    plain = {"".join(c for c in column.lower() if c.isalnum()): column for column in header}
    found = {wanted: next((plain[other] for other in others if other in plain), "") for wanted, others in _ALSO.items()}
    missing = [wanted for wanted, column in found.items() if not column]
    if missing:
        raise UsageError(f"{name} has no column {', '.join(missing)}: it has {', '.join(header)}. Rename them.")
    return found


def clean(lines: Sequence[Mapping[str, str | None]], columns: Mapping[str, str]) -> Cleaned:
    """Apply the rules to each row; a missing rate stays open, because no single value is known to be right."""
    out = Cleaned(len(lines))
    for line in lines:
        values = [(line.get(columns[name]) or "").strip() for name in NAMES]
        try:
            rate = _rate(values[0], out.mended)
            first, second, third = (_sales(value, name) for value, name in zip(values[1:], ("first", "second", "third"), strict=True))
        except _DropError as reason:
            out.dropped[str(reason)] += 1
            continue
        out.months.append(Month(rate, first, second, third))
    return out


def number_of_words(text: str) -> int | None:
    """The number that English words spell, 0 to 99, as in four or twenty-one; None for other text."""
    words = text.strip().lower().replace("-", " ").split()
    if len(words) == 1 and words[0] in _ONES:
        return _ONES.index(words[0])
    if words and words[0] in _TENS:
        tens = 10 * (_TENS.index(words[0]) + 2)
        if len(words) == 1:
            return tens
        if len(words) == 2 and words[1] in _ONES[1:10]:
            return tens + _ONES.index(words[1])
    return None


def _rate(text: str, mended: Counter[str]) -> float | None:
    if text.lower() in _MISSING:
        mended["rate missing: every known rate takes its place in turn"] += 1
        return None
    spelled = number_of_words(text)
    if spelled is not None:
        mended["rate in words: read as a number"] += 1
        return float(spelled)
    if text.endswith("%"):
        mended["rate with a percent sign: the sign is left out"] += 1
        text = text[:-1].strip()
    return _number(text, "rate", MOST_RATE)


def _sales(text: str, month: str) -> float:
    if text.lower() in _MISSING:
        raise _DropError(f"sales of the {month} month missing")
    return _number(text, f"sales of the {month} month", MOST_SALES)


def _number(text: str, what: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _DropError(f"{what} not a number") from None
    if not math.isfinite(value) or value > most:
        raise _DropError(f"{what} not a possible number")
    if value < 0:
        raise _DropError(f"{what} negative")
    return value
