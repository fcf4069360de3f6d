"""A store's stock by item: how much there is, how it is known, what was missing at counts, and in which hours nothing was left.

Pure: times come with the movements, as epoch seconds and as local ones (epoch seconds plus the zone's offset at that moment). A row is an
item's number in its store. No movement raises, and no stock is negative: what cannot be makes the ledger say that it was wrong.
"""

from collections.abc import Mapping
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from streams.contract.fields import LEAST_QUANTITY
from streams.contract.stock_messages import KNOWS, Cause
from streams.processor.local_time import DAY_SECONDS

COUNTED, DERIVED, UNKNOWN = (KNOWS.index(name) for name in ("counted", "derived", "unknown"))

OUT_SECONDS: Final = 1800.0
"""An hour counts as one without stock if nothing was left for at least half of it."""
MOST_REASONS: Final = 20
"""Reasons for write-offs that an item keeps apart; further ones are added up as `OTHER`."""
OTHER: Final = "other"
MOST_DAYS_OUT: Final = 40
"""A time without stock is noted hour by hour for at most so many days."""
HOURS: Final = 24

_NEVER: Final = float("nan")
_NUMBERS: Final = ("units", "as_of", "counted_at", "agreed_at", "wrong_at", "shrink", "received")
_WHOLE: Final = ("knows", "wrong", "counts")


class StockLine:
    """What the ledger holds of one item.

    units: on hand, at least 0. knows: place in `KNOWS`. as_of: the newest count, or stock that a till told: it holds all that is dated
    before it. counted_at, agreed_at, wrong_at: epoch seconds, NaN if never. wrong: how often more was sold than there was. shrink:
    units missing at counts, less those found. received: units received, less those sent away. written_off: units by reason. category,
    currency: of the newest sale that named one.
    """

    __slots__ = (*_NUMBERS, *_WHOLE, "category", "currency", "written_off")

    def __init__(self) -> None:
        self.units = self.shrink = self.received = 0.0
        self.as_of = float("-inf")
        self.counted_at = self.agreed_at = self.wrong_at = _NEVER
        self.knows = UNKNOWN
        self.wrong = self.counts = 0
        self.written_off: dict[str, float] = {}
        self.category: str | None = None
        self.currency: str | None = None


class Ledger:
    """The stock lines of a store, by row.

    Every movement returns why its line is worth telling, or None.
    """

    __slots__ = ("_closed", "_hours_out", "_moved", "_out", "lines")

    def __init__(self) -> None:
        self.lines: dict[int, StockLine] = {}
        self._out: dict[int, tuple[float, float]] = {}  # row -> since when it is known to be out: epoch and local seconds
        self._hours_out: dict[int, dict[int, int]] = {}  # local day -> row -> bits of the hours without stock, of times that are over
        self._moved: dict[int, None] = {}  # rows to tell of at the close
        self._closed = float("-inf")  # local seconds up to which days have closed

    # ------------------------------------------------------------------ movements

    def sold(self, row: int, quantity: float, seconds: float, local: float, left: float | None) -> Cause | None:
        """Take a sale, or a return (negative quantity). left: what the till says is left after it; below 0 counts as 0."""
        if left is not None:
            return self._told(row, max(left, 0.0), seconds, local)
        line = self.lines.get(row)
        if line is None or seconds < line.as_of:
            return None
        return self._take(row, line, quantity, seconds, local, "sold_out")

    def counted(self, row: int, units: float, seconds: float, local: float) -> tuple[Cause | None, float | None]:
        """Take a count; also returns the units missing at it, None if the ledger did not know. An older count changes nothing."""
        line = self._line(row)
        if seconds < line.as_of:
            return None, None
        missing: float | None = None
        if line.knows != UNKNOWN:
            missing = _rounded(line.units - units)
            if abs(missing) <= LEAST_QUANTITY:
                line.agreed_at = seconds
            line.shrink = _rounded(line.shrink + missing)
        line.counts += 1
        line.counted_at = line.as_of = seconds
        line.knows = COUNTED
        self._set(row, line, units, seconds, local)
        return "count", missing

    def received(self, row: int, units: float, seconds: float, local: float) -> Cause:
        """Take what came in; negative units were sent away. What is dated before the newest count is in the stock already."""
        line = self._line(row)
        line.received = _rounded(line.received + units)
        if seconds >= line.as_of:
            return self._take(row, line, -units, seconds, local, "receipt") or "receipt"
        return "receipt"

    def written_off(self, row: int, units: float, reason: str, seconds: float, local: float) -> Cause:
        """Take units that can no longer be sold. What is dated before the newest count is in the stock already."""
        line = self._line(row)
        held = line.written_off
        key = reason if reason in held or len(held) < MOST_REASONS else OTHER
        held[key] = _rounded(held.get(key, 0.0) + units)
        if seconds >= line.as_of:
            return self._take(row, line, units, seconds, local, "write_off") or "write_off"
        return "write_off"

    def _told(self, row: int, left: float, seconds: float, local: float) -> Cause | None:
        """A till said what is left: the stock from then on, though no count."""
        line = self._line(row)
        if seconds < line.as_of:
            return None
        line.as_of, line.knows = seconds, DERIVED
        was_out = row in self._out
        self._set(row, line, left, seconds, local)
        return "sold_out" if row in self._out and not was_out else None

    def _take(self, row: int, line: StockLine, units: float, seconds: float, local: float, cause: Cause) -> Cause | None:
        """Take units away (negative: add them); `cause` is returned if that leaves nothing, or if it is more than a sale."""
        left = line.units - units
        if left < -LEAST_QUANTITY and units > 0 and line.knows != UNKNOWN:
            # A time without stock that ends with a sale never was: it is dropped, not noted.
            self._out.pop(row, None)
            line.units, line.knows = 0.0, UNKNOWN
            line.wrong += 1
            line.wrong_at = seconds
            self._moved[row] = None
            return "wrong"
        if line.knows == COUNTED:
            line.knows = DERIVED
        was_out = row in self._out
        self._set(row, line, left, seconds, local)
        return cause if cause != "sold_out" or (row in self._out and not was_out) else None

    def _set(self, row: int, line: StockLine, units: float, seconds: float, local: float) -> None:
        """Set the stock; begins or ends a time without any."""
        line.units = _rounded(units) if units > LEAST_QUANTITY else 0.0
        self._moved[row] = None
        if line.units == 0.0 and line.knows != UNKNOWN:
            self._out.setdefault(row, (seconds, local))
        elif row in self._out:
            _, since = self._out.pop(row)
            self._note(row, since, local)

    def named(self, row: int, category: str | None, currency: str | None) -> None:
        """Note the category and the currency that a sale of the row named."""
        line = self.lines.get(row)
        if line is not None:
            line.category = category or line.category
            line.currency = currency or line.currency

    def _line(self, row: int) -> StockLine:
        line = self.lines.get(row)
        if line is None:
            line = self.lines[row] = StockLine()
        return line

    # ------------------------------------------------------------------ questions

    def units(self, row: int) -> float:
        """Units on hand; NaN if nothing was ever told of the item's stock."""
        line = self.lines.get(row)
        return float("nan") if line is None else line.units

    def knows(self, row: int) -> bool:
        """Whether the ledger knows a stock."""
        line = self.lines.get(row)
        return line is not None and line.knows != UNKNOWN

    def known(self, n: int) -> NDArray[np.float64]:
        """Units on hand of the first `n` rows, NaN where the ledger does not know them, `[n]`."""
        found = np.full(n, np.nan)
        for row, line in self.lines.items():
            if line.knows != UNKNOWN and row < n:
                found[row] = line.units
        return found

    def out_since(self, row: int) -> float | None:
        """Since when nothing has been left, as far as known, epoch seconds."""
        since = self._out.get(row)
        return None if since is None else since[0]

    def hours_out(self, day: int, until: float, n: int) -> NDArray[np.uint32] | None:
        """Hours of a local day without stock, by row, `[n]`: bit h stands for hour h. None: no row had one.

        until: local seconds; a time without stock that is not over counts up to there.
        """
        masks = dict(self._hours_out.get(day, ()))
        begin, end = day * DAY_SECONDS, min(until, (day + 1) * DAY_SECONDS)
        for row, (_, since) in self._out.items():
            bits = _bits(max(since, begin), end).get(day, 0)
            if bits:
                masks[row] = masks.get(row, 0) | bits
        masks = {row: bits for row, bits in masks.items() if bits and row < n}
        if not masks:
            return None
        found = np.zeros(n, np.uint32)
        found[list(masks)] = list(masks.values())
        return found

    def close(self, day: int, n: int) -> NDArray[np.uint32]:
        """The hours out of a local day that closes, 0 where there was none; see `hours_out`. Nothing up to that day is kept.

        A day on which nothing was out teaches the model as well what the rest of a day sells.
        """
        found = self.hours_out(day, float("inf"), n)
        for old in [held for held in self._hours_out if held <= day]:
            del self._hours_out[old]
        self._closed = max(self._closed, (day + 1) * DAY_SECONDS)
        return np.zeros(n, np.uint32) if found is None else found

    def take_moved(self) -> list[int]:
        """Rows whose stock has moved since the last call, in the order in which they first did."""
        rows = list(self._moved)
        self._moved.clear()
        return rows

    def _note(self, row: int, since: float, until: float) -> None:
        """Note the hours of a time without stock that is over."""
        for day, bits in _bits(max(since, self._closed), until).items():
            held = self._hours_out.setdefault(day, {})
            held[row] = held.get(row, 0) | bits

    # ------------------------------------------------------------------ state

    def dump(self) -> dict[str, Any]:
        """The ledger as plain values and arrays."""
        lines = self.lines.values()
        return {
            "rows": np.fromiter(self.lines, np.int64, len(self.lines)),
            "numbers": np.array([[getattr(line, name) for name in _NUMBERS] for line in lines], np.float64).reshape(-1, len(_NUMBERS)),
            "whole": np.array([[getattr(line, name) for name in _WHOLE] for line in lines], np.int64).reshape(-1, len(_WHOLE)),
            "written_off": [[row, line.written_off] for row, line in self.lines.items() if line.written_off],
            "named": [[line.category, line.currency] for line in lines],
            "out": [[row, *since] for row, since in self._out.items()],
            "hours_out": [[day, [list(pair) for pair in masks.items()]] for day, masks in self._hours_out.items()],
            "moved": list(self._moved),
            "closed": self._closed,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Self:
        """Restore what `dump` returned."""
        ledger = cls()
        for row, numbers, whole in zip(state["rows"].tolist(), state["numbers"].tolist(), state["whole"].tolist(), strict=True):
            line = ledger.lines[row] = StockLine()
            for name, value in (*zip(_NUMBERS, numbers, strict=True), *zip(_WHOLE, whole, strict=True)):
                setattr(line, name, value)
        for line, (category, currency) in zip(ledger.lines.values(), state["named"], strict=True):
            line.category, line.currency = category, currency
        for row, reasons in state["written_off"]:
            ledger.lines[row].written_off = dict(reasons)
        ledger._out = {row: (seconds, local) for row, seconds, local in state["out"]}
        ledger._hours_out = {day: {row: bits for row, bits in masks} for day, masks in state["hours_out"]}  # noqa: C416
        ledger._moved = dict.fromkeys(state["moved"])
        ledger._closed = state["closed"]
        return ledger


def _bits(since: float, until: float) -> dict[int, int]:
    """By local day, the bits of the hours of which at least `OUT_SECONDS` lie from `since` to `until`, local seconds."""
    found: dict[int, int] = {}
    since = max(since, until - MOST_DAYS_OUT * DAY_SECONDS)
    if until <= since:
        return found
    for hour in range(int(since // 3600), int(until // 3600) + 1):
        if min(until, (hour + 1) * 3600) - max(since, hour * 3600) >= OUT_SECONDS:
            day, bit = divmod(hour, HOURS)
            found[day] = found.get(day, 0) | 1 << bit
    return found


def _rounded(units: float) -> float:
    """Sums of weighed goods without the dust of binary fractions."""
    return round(units, 6)
