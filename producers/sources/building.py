"""Turns rows into the bytes of `sale-recorded.v1` that a replay publishes, a column at a time. Pure."""

from collections import Counter
from collections.abc import Mapping as ByName
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from producers.sources.columns import Flags, Floats, numbers, seconds, taken, texts, truths
from producers.sources.identity import Occurrences
from producers.sources.mapping import NUMBERS, TRUTHS, Group, Mapping, Skip, Time
from producers.sources.rows import Column, Rows
from streams.contract.codec import EARLIEST, LATEST, decode_event, seconds_of
from streams.contract.errors import RejectedEvent
from streams.contract.messages import SaleRecorded
from streams.contract.pseudonyms import PEOPLE, Pseudonyms

DAY_SECONDS: Final = 86_400.0
_encoder: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be a sale: its number, the contract's reason, what to change, and what stood there."""

    row: int
    reason: str
    sentence: str
    values: dict[str, str | None]


@dataclass(slots=True)
class Built:
    """What became of a run of so many `rows`; `keys`, `raws` and `times` go together.

    plans: how many announcements are in it. mark: where the source continues after it.
    """

    keys: list[bytes] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    times: Floats = field(default_factory=lambda: np.empty(0))
    bad: list[BadRow] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    plans: int = 0
    mark: str = ""


def times_of(columns: ByName[str, Column], layout: Time) -> Floats:
    """When each row was sold, epoch seconds; NaN where no time can be read."""
    found = seconds([columns[name] for name in layout.columns], layout.format, layout.zone)
    return found + layout.shift_days * DAY_SECONDS if layout.shift_days else found


def kept_rows(rows: Rows, mapping: Mapping, skipped: Counter[str]) -> NDArray[np.intp]:
    """Places of the rows that no rule skips; the others are counted in `skipped`."""
    keep = np.ones(len(rows), dtype=bool)
    for rule in mapping.skip:
        out = keep & _meets(rule, rows.columns[rule.column], mapping.decimal)
        if out.any():
            skipped[rule.reason] += int(out.sum())
            keep &= ~out
    return np.flatnonzero(keep)


def joined(columns: Sequence[Column]) -> list[str | None]:
    """The texts of columns with a blank between; None where one of them has none."""
    return [None if None in parts else " ".join(map(str, parts)) for parts in zip(*map(texts, columns), strict=True)]


def coarser(values: Sequence[Any], group: Group) -> list[Any]:
    """Names as the group has them; None stays None."""
    return [None if value is None else group.names.get(value, group.other or value) for value in values]


class Builder:
    """Builds run after run of one source; remembers only which contents it has seen.

    latest: epoch seconds beyond which a sale is taken for one of a wrong date. pseudonyms: what replaces the names of people.
    """

    def __init__(self, mapping: Mapping, latest: float = LATEST, pseudonyms: Pseudonyms | None = None) -> None:
        mapping.check()
        self._latest = latest
        self._pseudonyms = pseudonyms
        self.mapping = mapping
        self._occurrences = Occurrences()
        self._key_of: dict[str, bytes] = {}

    def build(self, rows: Rows) -> Built:
        """The events of some rows, the bad rows with their reasons, the skipped ones by reason.

        Raises UsageError when a column that the mapping names is not there.
        """
        built = Built(rows=len(rows) + len(rows.unreadable), mark=rows.mark)
        built.bad += [BadRow(row.row, "invalid", row.sentence, {"text": row.text}) for row in rows.unreadable]
        if not len(rows):
            return built
        self.mapping.check_columns(list(rows.columns))
        kept = kept_rows(rows, self.mapping, built.skipped)
        columns = rows.columns if len(kept) == len(rows) else {name: taken(c, kept) for name, c in rows.columns.items()}
        values, times, faults = self._values(columns, [rows.numbers[place] for place in kept.tolist()])
        raws = _encoded(values)
        good, bad = self._checked(rows, kept, raws, times, faults)
        built.bad += bad
        stores = values["store"]
        built.raws = [raws[place] for place in good]
        built.keys = [self._key(stores[place]) for place in good]
        built.times = times[good]
        return built

    def _key(self, store: str) -> bytes:
        key = self._key_of.get(store)
        if key is None:
            key = self._key_of[store] = store.encode()
        return key

    def _values(self, columns: Any, row_numbers: Sequence[int]) -> tuple[dict[str, list[Any]], Floats, dict[int, str]]:
        """Each field's values, the times, and a sentence for each place where a value cannot be read."""
        mapping, count = self.mapping, len(row_numbers)
        faults: dict[int, str] = {}
        floats: dict[str, Floats] = {}
        values: dict[str, list[Any]] = {name: [constant] * count for name, constant in mapping.constants.items()}
        for name in NUMBERS & mapping.constants.keys():
            floats[name] = np.full(count, float(mapping.constants[name]))
        for name, column_name in mapping.columns.items():
            column, about = columns[column_name], f"{name}: the column {column_name!r}"
            if name in NUMBERS:
                floats[name], flags = numbers(column, mapping.decimal)
                values[name] = _or_none(floats[name])
                _note(faults, flags, column, about, "a finite number")
            elif name in TRUTHS:
                values[name], flags = truths(column)
                _note(faults, flags, column, about, "true or false")
            else:
                values[name] = texts(column)
        values |= {name: joined([columns[one] for one in names]) for name, names in mapping.joined.items()}
        for name, group in mapping.groups.items():
            values[name] = coarser(values[name], group)
        if self._pseudonyms is not None:
            values |= {name: self._pseudonyms.column(name, values[name]) for name in PEOPLE if name in values}
        times = self._times(columns, faults)
        values["sold_at"] = _or_none(times)
        if mapping.margin is not None and "profit" not in values:
            values["profit"] = self._profits(floats)
        values["event_id"] = self._ids(columns, row_numbers)
        return values, times, faults

    def _times(self, columns: Any, faults: dict[int, str]) -> Floats:
        names, layout = self.mapping.time.columns, self.mapping.time.format
        times = times_of(columns, self.mapping.time)
        shown = " and ".join(map(repr, names))
        for place in np.flatnonzero(np.isnan(times)).tolist():
            held = " ".join(str(columns[name][place])[:40] for name in names)
            faults.setdefault(
                place, f"sold_at: no time can be read from the column {shown}, which holds {held!r}; the mapping's format is {layout!r}."
            )
        return times

    def _profits(self, floats: dict[str, Floats]) -> list[float | None]:
        amounts = floats["amount"] if "amount" in floats else floats["quantity"] * floats["unit_price"]
        return _or_none(profits(amounts, self.mapping.margin_millionths() or 0))

    def _ids(self, columns: Any, row_numbers: Sequence[int]) -> list[str]:
        identity = self.mapping.event_id
        if identity.kind == "row":
            return [f"{identity.prefix}{number}" for number in row_numbers]
        chosen = [columns[name] for name in (identity.columns or columns)]
        parts = [[text or "" for text in texts(column)] for column in chosen]
        if identity.kind == "columns":
            return [identity.prefix + "-".join(row) for row in zip(*parts, strict=True)]
        return self._occurrences.name(list(map("\x1f".join, zip(*parts, strict=True))), identity.prefix)

    def _checked(
        self, rows: Rows, kept: NDArray[np.intp], raws: list[bytes], times: Floats, faults: dict[int, str]
    ) -> tuple[list[int], list[BadRow]]:
        """The places whose bytes the worker would take, and the other rows: the codec itself decides."""
        outside = ~((times >= EARLIEST) & (times < min(LATEST, self._latest)))
        suspects = {*faults, *np.flatnonzero(outside).tolist()}
        good: list[int] = []
        bad: list[BadRow] = []
        for place, raw in enumerate(raws):
            try:
                if place in suspects or not raw:
                    _refuse(faults.get(place), float(times[place]), raw)
                decode_event(raw)
            except RejectedEvent as error:
                at = int(kept[place])
                bad.append(BadRow(rows.numbers[at], error.reason, str(error), rows.row(at)))
            else:
                good.append(place)
        return good, bad


def profits(amounts: Floats, margin_millionths: int) -> Floats:
    """Amount x margin, rounded half to even to 4 decimals, exactly: an amount counts with 6 decimals."""
    result = np.full(len(amounts), np.nan)
    finite = np.abs(amounts) < 1e12
    micros = np.rint(amounts[finite] * 1e6)
    if micros.size and float(np.abs(micros).max()) * max(margin_millionths, 1) < 2**62:
        product: NDArray[Any] = micros.astype(np.int64) * margin_millionths
    else:
        product = np.array([int(value) * margin_millionths for value in micros.tolist()], dtype=object)
    whole, rest = product // 10**8, product % 10**8
    up = (rest > 5 * 10**7) | ((rest == 5 * 10**7) & (whole % 2 == 1))
    result[finite] = (whole + up.astype(np.int64)).astype(np.float64) / 1e4
    return result


def _encoded(values: dict[str, list[Any]]) -> list[bytes]:
    """JSON of each row, empty where a text is not Unicode; a value that is None is left out."""
    line = _line(tuple(values))
    lines = list(map(line, *(values[name] for name in line.__struct_fields__)))
    try:
        return _encoder.encode_lines(lines).split(b"\n")[:-1]
    except UnicodeEncodeError:
        return [_encoded_alone(one) for one in lines]


def _encoded_alone(line: msgspec.Struct) -> bytes:
    try:
        return _encoder.encode(line)
    except UnicodeEncodeError:
        return b""


def _line(fields: tuple[str, ...]) -> type[msgspec.Struct]:
    """A sale with only these fields, in the contract's order: positional, so that whole columns can be mapped over it."""
    ordered = sorted(fields, key=SaleRecorded.__struct_fields__.index)
    tag = SaleRecorded.__struct_config__.tag
    return msgspec.defstruct("Line", [(name, Any, None) for name in ordered], tag_field="type", tag=tag, omit_defaults=True, gc=False)


def _meets(rule: Skip, column: Column, decimal: str) -> Flags:
    result = np.zeros(len(column), dtype=bool)
    if rule.at_most is not None or rule.at_least is not None:
        values, _ = numbers(column, decimal)
        if rule.at_most is not None:
            result |= values <= rule.at_most
        if rule.at_least is not None:
            result |= values >= rule.at_least
    if rule.equals or rule.missing:
        named = set(rule.equals)
        result |= np.array([(text is None and rule.missing) or text in named for text in texts(column)], dtype=bool)
    return result


def _or_none(values: Floats) -> list[Any]:
    listed = values.tolist()
    return [None if value != value else value for value in listed] if np.isnan(values).any() else listed  # noqa: PLR0124 - NaN


def _note(faults: dict[int, str], flags: Flags, column: Column, about: str, what: str) -> None:
    for place in np.flatnonzero(flags).tolist():
        faults.setdefault(place, f"{about} holds {str(column[place])[:40]!r}: write {what}.")


def _refuse(fault: str | None, at: float, raw: bytes) -> None:
    if fault is not None:
        raise RejectedEvent("invalid", fault)
    seconds_of(at, "sold_at")
    if raw:
        raise RejectedEvent("time_out_of_range", "sold_at lies ahead of now: check the date, its format and its time zone.")
    raise RejectedEvent("invalid", "A text of the row is not valid Unicode: save the source as UTF-8.")
