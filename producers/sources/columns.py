"""Turns columns of anything into columns of text, numbers, truth values and times; values that cannot be read are marked."""

import math
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from producers.sources.rows import Column

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_YES: Final = frozenset({"1", "true", "t", "yes", "y", "ja", "si", "oui", "x"})
_NO: Final = frozenset({"0", "false", "f", "no", "n", "nein", "non"})
_DECORATION: Final = re.compile(r"[\s\u00a0'_]|^[^\d.,+\-(]{1,3}|[^\d.,)]{1,3}$")
_HAS_OFFSET: Final = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
_EPOCH: Final = {"epoch_seconds": 1.0, "epoch_milliseconds": 1e-3, "epoch_microseconds": 1e-6}


def taken(column: Column, places: NDArray[np.intp]) -> Column:
    """The values at some places."""
    if isinstance(column, (np.ndarray, pd.DatetimeIndex)):
        return column[places]
    return [column[place] for place in places.tolist()]


def texts(column: Column) -> list[str | None]:
    """Stripped text; None where there is none. A whole number held as a float loses its `.0`."""
    values = column.tolist() if isinstance(column, (np.ndarray, pd.DatetimeIndex)) else column
    return [(value.strip() or None) if type(value) is str else _text(value) for value in values]


def numbers(column: Column, decimal: str = ".") -> tuple[Floats, Flags]:
    """Numbers, NaN where there is none, and a flag where something stands that is not a finite number."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iufb":
        values = column.astype(np.float64)
        return values, np.isinf(values)
    if isinstance(column, pd.DatetimeIndex):
        return np.full(len(column), np.nan), np.ones(len(column), dtype=bool)
    raw = column.tolist() if isinstance(column, np.ndarray) else column
    if decimal == ".":
        try:
            # float() itself would take "nan" and "1_000" for numbers; both are rare enough to be looked at one by one.
            values = np.array(list(map(float, raw)), dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            pass
        else:
            if np.isfinite(values).all():
                return values, np.zeros(len(values), dtype=bool)
    pairs = [_number(value, decimal) for value in raw]
    values = np.array([value for value, _ in pairs], dtype=np.float64)
    return values, np.array([bad for _, bad in pairs], dtype=bool)


def truths(column: Column) -> tuple[list[bool | None], Flags]:
    """Yes or no, None where neither stands, and a flag where something else does."""
    words = [None if text is None else text.lower() for text in texts(column)]
    values = [True if word in _YES else False if word in _NO else None for word in words]
    bad = [word is not None and value is None for word, value in zip(words, values, strict=True)]
    return values, np.array(bad, dtype=bool)


def seconds(columns: Sequence[Column], layout: str, zone: str) -> Floats:
    """Epoch seconds of times, NaN where no time can be read.

    layout: `iso`, `epoch_seconds`, `epoch_milliseconds`, `epoch_microseconds` or strptime's letters. A time without an
    offset is the local time of `zone`: of an hour that the clock repeats in autumn the first, of one that it skips
    in spring the next that exists.
    """
    if len(columns) > 1:
        return _parsed([" ".join(part or "" for part in parts) for parts in zip(*map(texts, columns), strict=True)], layout, zone)
    column = columns[0]
    if layout in _EPOCH:
        values, _ = numbers(column)
        return values * _EPOCH[layout]
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        column = pd.DatetimeIndex(column)
    if isinstance(column, pd.DatetimeIndex):
        return _epoch(column, zone)
    return _parsed([text or "" for text in texts(column)], layout, zone)


def _parsed(values: list[str], layout: str, zone: str) -> Floats:
    if layout != "iso":
        return _epoch(
            pd.DatetimeIndex(pd.to_datetime(pd.Series(values, dtype=object), format=layout, errors="coerce", utc="%z" in layout)), zone
        )
    offset = np.array([_HAS_OFFSET.search(value, 10) is not None for value in values], dtype=bool)
    result = np.full(len(values), np.nan)
    for flags, utc in ((offset, True), (~offset, False)):
        if flags.any():
            some = pd.Series([values[place] for place in np.flatnonzero(flags).tolist()], dtype=object)
            result[flags] = _epoch(pd.DatetimeIndex(pd.to_datetime(some, format="ISO8601", errors="coerce", utc=utc)), zone)
    return result


def _epoch(moments: pd.DatetimeIndex, zone: str) -> Floats:
    if moments.tz is None and zone != "UTC":
        first = np.ones(len(moments), dtype=bool)
        moments = moments.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    result: Floats = moments.as_unit("us").asi8.astype(np.float64) / 1e6
    result[moments.isna()] = np.nan
    return result


def _text(value: Any) -> str | None:
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
    return str(value).strip() or None


def plain_number(text: str) -> str:
    """A number as text without blanks, apostrophes and a currency before or behind it."""
    return _DECORATION.sub("", text.strip())


def _number(value: Any, decimal: str) -> tuple[float, bool]:
    """A number and whether what stood there was none."""
    if value is None or value is pd.NaT:
        return math.nan, False
    if isinstance(value, str):
        text = plain_number(value)
        if not text:
            return math.nan, bool(value.strip())
        text = text.replace(".", "").replace(",", ".") if decimal == "," else _without_thousands(text)
        if text.startswith("(") and text.endswith(")"):
            text = "-" + text[1:-1]
    else:
        text = value
    try:
        number = float(text)
    except (ValueError, TypeError, OverflowError):
        return math.nan, True
    if isinstance(value, float) and math.isnan(value):
        return math.nan, False
    return (number, False) if math.isfinite(number) else (math.nan, True)


def _without_thousands(text: str) -> str:
    return text.replace(",", "") if re.fullmatch(r"[+\-(]?\d{1,3}(,\d{3})+(\.\d+)?\)?", text) else text
