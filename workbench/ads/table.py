"""An advertising file as a table: read, cleaned by named rules that are counted, its sums checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from producers.sources.columns import numbers, plain_number, texts
from producers.sources.files import open_file
from producers.sources.rows import Column
from streams.contract.errors import UsageError
from workbench.ads.columns import MEASURES, Columns, dates, guess
from workbench.ads.preamble import headed

Flags = NDArray[np.bool_]
DATE: Final = "date"
FEWEST_ROWS: Final = 40
MOST_ROWS: Final = 1_000_000
MISSING: Final = "(missing)"
_TOTALS: Final = frozenset({"total", "totals", "sum", "gesamt", "grand total"})


@dataclass(frozen=True, slots=True)
class Draft:
    """All rows as read: numbers of the measures, NaN where there is none; where something stands that is no number; texts of categories."""

    columns: Columns
    measured: dict[str, NDArray[np.float64]]
    unreadable: dict[str, Flags]
    labels: dict[str, list[str | None]]
    when: pd.DatetimeIndex | None
    rows: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of cleaning: its name, and the rows that it concerns."""

    name: str
    meets: Callable[[Draft], Flags]


@dataclass(frozen=True, slots=True)
class Ads:
    """What models and figures see.

    frame: measures and, as text, categories; the date, if any. texts: the same rows as the file has them. sums: of the rows
    kept, exact to the cent. dropped, mended, warned: rows by rule; no row is dropped twice.
    """

    frame: pd.DataFrame
    columns: Columns
    group: NDArray[np.intp]
    rows: int
    sums: dict[str, Decimal]
    dropped: dict[str, int]
    mended: dict[str, int]
    warned: dict[str, int]
    texts: pd.DataFrame
    name: str = ""
    told: list[str] = field(default_factory=list)

    @property
    def measures(self) -> list[str]:
        """The measures that the file has."""
        return list(self.columns.measures)

    @property
    def inputs(self) -> list[str]:
        """What a model may know: everything but conversions."""
        amounts = [name for name in self.measures if name not in ("conversions", "approved")]
        return [*amounts, *self.columns.categories]

    @property
    def targets(self) -> list[str]:
        """The measures that are forecast, the one that counts most first."""
        return [name for name in ("approved", "conversions") if name in self.columns.measures]

    @property
    def dated(self) -> bool:
        """Whether rows have dates."""
        return DATE in self.frame


def _any(draft: Draft, test: Callable[[NDArray[np.float64]], Any]) -> Flags:
    found = np.zeros(len(draft.rows), bool)
    for values in draft.measured.values():
        found |= np.asarray(test(values), bool)
    return found


def _unreadable(draft: Draft) -> Flags:
    return np.asarray(np.logical_or.reduce(list(draft.unreadable.values())))


def _total(draft: Draft) -> Flags:
    found = np.zeros(len(draft.rows), bool)
    for labels in draft.labels.values():
        found |= np.array([label is not None and label.lower() in _TOTALS for label in labels])
    return found


def _undated(draft: Draft) -> Flags:
    return np.zeros(len(draft.rows), bool) if draft.when is None else np.asarray(draft.when.isna())


DROPS: Final = (
    Rule("a line of totals", _total),
    Rule("a number cannot be read", _unreadable),
    Rule("a number is missing", lambda draft: _any(draft, np.isnan)),
    Rule("a number is negative", lambda draft: _any(draft, lambda values: values < 0)),
    Rule("the date cannot be read", _undated),
    Rule("a repeat of a whole row", lambda draft: np.asarray(draft.rows.duplicated())),
)
"""In this order; a row is counted under the first rule that it meets."""


def _less(a: str, b: str) -> Callable[[Draft], Flags]:
    def meets(draft: Draft) -> Flags:
        if a not in draft.measured or b not in draft.measured:
            return np.zeros(len(draft.rows), bool)
        return np.asarray(draft.measured[a] < draft.measured[b])

    return meets


def _without(has: str, lacks: str) -> Callable[[Draft], Flags]:
    def meets(draft: Draft) -> Flags:
        if has not in draft.measured or lacks not in draft.measured:
            return np.zeros(len(draft.rows), bool)
        return np.asarray((draft.measured[has] > 0) & (draft.measured[lacks] == 0))

    return meets


WARNINGS: Final = (
    Rule("fewer clicks than conversions: some convert without a click, or clicks are missing", _less("clicks", "conversions")),
    Rule("fewer conversions than approved ones", _less("conversions", "approved")),
    Rule("fewer impressions than clicks", _less("impressions", "clicks")),
    Rule("spend without clicks", _without("spend", "clicks")),
    Rule("clicks without spend", _without("clicks", "spend")),
)
"""Rows that are kept, and that a person should look at."""


def read_ads(path: Path, given: Mapping[str, str]) -> Ads:
    """Read and clean a file. given: columns that the person has named, by role. Raises UsageError."""
    with headed(path) as (file, above):
        columns, unsplit = _whole(file)
    found = guess(columns, given)
    if above:
        found.told.insert(0, f"The first {above:,} lines of {path.name} are no table and are passed over.")
    draft, mended = _draft(columns, found)
    dropped = {"the row cannot be split into columns": unsplit} if unsplit else {}
    keep = np.ones(len(draft.rows), bool)
    for rule in DROPS:
        hit = rule.meets(draft) & keep
        if hit.any():
            dropped[rule.name] = int(hit.sum())
            keep &= ~hit
    warned = {rule.name: int((rule.meets(draft) & keep).sum()) for rule in WARNINGS}
    if keep.sum() < FEWEST_ROWS:
        raise UsageError(f"{int(keep.sum())} rows of {path} are left after cleaning; at least {FEWEST_ROWS} are needed.")
    frame = _frame(draft, keep)
    sums = _sums(columns, found, keep)
    for name, total in sums.items():
        if abs(float(total) - float(frame[name].sum())) > 1e-6 * max(1.0, float(total)):
            raise UsageError(f"The sum of {name} is {total} in the file's texts and {frame[name].sum()} in the table: please report it.")
    group = np.unique(_group_labels(columns, found, keep, frame), return_inverse=True)[1]
    rows = len(draft.rows) + unsplit
    return Ads(
        frame, found, group, rows, sums, dropped, mended, {k: n for k, n in warned.items() if n}, draft.rows[keep], path.name, found.told
    )


def _whole(path: Path) -> tuple[dict[str, Column], int]:
    columns: dict[str, list[Any]] = {}
    unsplit = 0
    for rows in open_file(path).read():
        unsplit += len(rows.unreadable)
        have = len(next(iter(columns.values()), []))
        for name, column in rows.columns.items():
            columns.setdefault(name, [None] * have).extend(column if isinstance(column, list) else list(column))
        if have > MOST_ROWS:
            raise UsageError(f"{path} has more than {MOST_ROWS:,} rows: take a part of it.")
        longest = max((len(column) for column in columns.values()), default=0)
        for column in columns.values():
            column.extend([None] * (longest - len(column)))
    if not columns or not len(next(iter(columns.values()))):
        raise UsageError(f"{path} has no rows.")
    return dict(columns), unsplit


def _draft(columns: Mapping[str, Column], found: Columns) -> tuple[Draft, dict[str, int]]:
    values, unreadable, mended = {}, {}, {}
    for role, column in found.measures.items():
        read, bad = numbers(columns[column], found.decimal)
        blank = np.isnan(read) & ~bad
        if role in ("conversions", "approved") and blank.any() and not (read == 0).any():
            # Exports of ad managers leave the cell empty where nothing happened.
            read, mended[f"{role} empty: taken for 0, as the column has no 0 at all"] = np.where(blank, 0.0, read), int(blank.sum())
        values[role], unreadable[role] = read, bad
    labels = {name: texts(columns[name]) for name in found.categories}
    for name, read_labels in labels.items():
        gaps = sum(label is None for label in read_labels)
        if gaps:
            mended[f"{name} empty: a kind of its own"] = gaps
    when = dates(columns, found.date).normalize() if found.date else None
    rows = pd.DataFrame({name: texts(column) for name, column in columns.items()})
    return Draft(found, values, unreadable, labels, when, rows), mended


def _frame(draft: Draft, keep: Flags) -> pd.DataFrame:
    data: dict[str, Any] = {role: values[keep] for role, values in draft.measured.items()}
    for name, labels in draft.labels.items():
        data[name] = [MISSING if label is None else label for label, kept in zip(labels, keep.tolist(), strict=True) if kept]
    if draft.when is not None:
        data[DATE] = draft.when[keep]
    return pd.DataFrame(data)


def _group_labels(columns: Mapping[str, Column], found: Columns, keep: Flags, frame: pd.DataFrame) -> list[str]:
    """What keeps rows together: the day, else the campaign, else nothing."""
    if DATE in frame:
        return [str(day) for day in frame[DATE]]
    if found.groups is None:
        return [f"{place:09}" for place in range(len(frame))]
    return [str(text) for text, kept in zip(texts(columns[found.groups]), keep.tolist(), strict=True) if kept]


def _sums(columns: Mapping[str, Column], found: Columns, keep: Flags) -> dict[str, Decimal]:
    """Sums of the texts of the file as decimal numbers: another way than the table's floating point."""
    out = {}
    for role, column in found.measures.items():
        total = Decimal(0)
        for text, kept in zip(texts(columns[column]), keep.tolist(), strict=True):
            if kept and text is not None:
                try:
                    total += Decimal(_point(plain_number(text), found.decimal))
                except InvalidOperation:
                    total += Decimal(repr(float(numbers([text], found.decimal)[0][0])))
        out[role] = total
    return out


def _point(text: str, decimal: str) -> str:
    return text.replace(".", "").replace(",", ".") if decimal == "," else text.replace(",", "")


def check_sums(ads: Ads, expected: Mapping[str, Decimal]) -> None:
    """Raise UsageError for a sum that differs from what was expected, as many decimals as were given."""
    for name, wanted in expected.items():
        if name not in ads.sums:
            raise UsageError(f"--expect {name}: the sums are {', '.join(name for name in MEASURES if name in ads.sums)}.")
        if round(ads.sums[name], max(0, -int(wanted.as_tuple().exponent))) != wanted:
            raise UsageError(f"The sum of {name} is {ads.sums[name]:,f} and {wanted:,f} was expected.")
