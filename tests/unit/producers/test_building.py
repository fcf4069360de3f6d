import json
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pandas as pd
import pytest

from producers.sources.building import Builder, profits
from producers.sources.identity import Occurrences
from producers.sources.mapping import Group, Identity, Mapping, Skip, Time
from producers.sources.rows import Rows
from streams.contract.codec import decode_event
from streams.contract.errors import UsageError

COLUMNS = {"store": "s", "item": "i", "quantity": "q", "unit_price": "p"}


def built(mapping, **columns):
    count = len(next(iter(columns.values())))
    return Builder(mapping, latest=4e9).build(Rows(range(1, count + 1), columns))


def plain(**changes):
    return Mapping(**({"time": Time(("t",)), "columns": COLUMNS} | changes))


def one(mapping=None, **values):
    row = {"s": "1", "i": "milk", "q": "2", "p": "1.19", "t": "2026-05-01T12:30:00+02:00"} | values
    return built(mapping or plain(), **{name: [value] for name, value in row.items()})


def test_a_row_becomes_the_event_the_contract_reads():
    result = one()
    event = decode_event(result.raws[0])
    assert (event.store, event.item, event.quantity, event.unit_price) == ("1", "milk", 2.0, 1.19)
    assert event.sold_at == 1777631400.0
    assert result.keys == [b"1"]
    assert result.times.tolist() == [1777631400.0]
    assert "customer" not in json.loads(result.raws[0])


@pytest.mark.parametrize(
    ("values", "reason", "says"),
    [
        ({"q": "two"}, "invalid", "the column 'q' holds 'two'"),
        ({"q": "nan"}, "invalid", "finite number"),
        ({"q": float("nan")}, "invalid", "quantity"),
        ({"q": "inf"}, "invalid", "finite number"),
        ({"q": "1e308"}, "invalid", "quantity"),
        ({"q": "0"}, "invalid", "quantity is 0"),
        ({"q": ""}, "invalid", "quantity"),
        ({"p": "-1"}, "invalid", "unit_price"),
        ({"t": "9999-12-31T00:00:00Z"}, "time_out_of_range", "years 2000 to 2099"),
        ({"t": "1970-01-01T00:00:00Z"}, "time_out_of_range", "years 2000 to 2099"),
        ({"t": "yesterday"}, "invalid", "no time can be read from the column 't'"),
        ({"t": "2099-01-01T00:00:00Z"}, "time_out_of_range", "ahead of now"),
        ({"s": ""}, "invalid", "store"),
        ({"s": "a\nb"}, "invalid", "control character"),
        ({"i": "\udcff"}, "invalid", "not valid Unicode"),
        ({"i": "x" * 2_000_000}, "too_large", "bytes"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_what_stood_there(values, reason, says):
    result = one(**values)
    assert result.raws == []
    assert [(bad.row, bad.reason) for bad in result.bad] == [(1, reason)]
    assert says in result.bad[0].sentence
    assert result.bad[0].values["s"] is not None  # noqa: PD011 - no frame


def test_one_bad_row_leaves_the_others():
    result = built(plain(), s=["1", "1", "1"], i=["\udcff", "b", "c"], q=["1", "x", "3"], p=["1", "1", "1"], t=["1777631400"] * 3)
    assert len(result.raws) == 0, "the format is iso"
    result = built(
        plain(time=Time(("t",), "epoch_seconds")), s=["1"] * 3, i=["\udcff", "b", "c"], q=["1", "x", "3"], p=["1"] * 3, t=["1777631400"] * 3
    )
    assert [decode_event(raw).item for raw in result.raws] == ["c"]
    assert [bad.row for bad in result.bad] == [1, 2]


def test_times_without_an_offset_are_local_and_a_repeated_hour_is_the_first():
    mapping = plain(time=Time(("d", "h"), "%d.%m.%Y %H:%M", "Europe/Berlin"))
    result = built(
        mapping,
        s=["1"] * 3,
        i=["m"] * 3,
        q=["1"] * 3,
        p=["1"] * 3,
        d=["01.07.2025", "26.10.2025", "30.03.2025"],
        h=["12:00", "02:30", "02:30"],
    )
    expected = [pd.Timestamp(t).timestamp() for t in ("2025-07-01T10:00Z", "2025-10-26T00:30Z", "2025-03-30T01:00Z")]
    assert result.times.tolist() == expected


def test_numbers_are_read_as_people_write_them():
    mapping = plain(decimal=",", columns=COLUMNS | {"amount": "a"})
    result = built(
        mapping, s=["1"] * 3, i=["m"] * 3, q=["1", "1,5", "2"], p=["1.234,50", "3 €", "1"], a=["", "-2,00", "(3,10)"], t=["2026-01-01"] * 3
    )
    events = [decode_event(raw) for raw in result.raws]
    assert [event.unit_price for event in events] == [1234.5, 3.0, 1.0]
    assert [event.amount for event in events] == [None, -2.0, -3.1]


def test_skipped_rows_are_counted_by_reason_and_groups_coarsen_names():
    mapping = plain(
        skip=(Skip("i", "fuel", equals=("petrol",)), Skip("q", "nothing sold", at_most=0)),
        groups={"store": Group({"1": "north", "2": "north"}, "south")},
    )
    result = built(
        mapping, s=["1", "2", "9", "1"], i=["milk", "petrol", "milk", "milk"], q=["1", "5", "1", "0"], p=["1"] * 4, t=["2026-01-01"] * 4
    )
    assert dict(result.skipped) == {"fuel": 1, "nothing sold": 1}
    assert result.keys == [b"north", b"south"]
    assert result.bad == []


def test_joined_columns_are_one_name_and_each_must_be_there():
    mapping = plain(columns={name: column for name, column in COLUMNS.items() if name != "store"}, joined={"store": ("land", "s")})
    row = {"s": ["1", "1", "1"], "i": ["milk"] * 3, "q": ["2"] * 3, "p": ["1.19"] * 3, "t": ["2026-05-01T12:30:00+02:00"] * 3}
    result = built(mapping, land=["AT", "DE", ""], **row)
    assert [decode_event(raw).store for raw in result.raws] == ["AT 1", "DE 1"]
    assert result.keys == [b"AT 1", b"DE 1"]
    assert [bad.row for bad in result.bad] == [3]


def test_ids_are_the_same_however_the_rows_are_cut_and_differ_for_equal_rows():
    mapping = plain()
    columns = {"s": ["1"] * 40, "i": [f"item {n % 3}" for n in range(40)], "q": ["1"] * 40, "p": ["1"] * 40, "t": ["2026-01-01"] * 40}
    whole = [decode_event(raw).event_id for raw in built(mapping, **columns).raws]
    builder, cut = Builder(mapping), []
    for first, last in ((0, 1), (1, 5), (5, 39), (39, 40)):
        rows = Rows(range(first + 1, last + 1), {name: values[first:last] for name, values in columns.items()})
        cut += [decode_event(raw).event_id for raw in builder.build(rows).raws]
    assert cut == whole
    assert len(set(whole)) == 40


def test_ids_can_be_of_columns_or_of_the_row_number():
    assert decode_event(one(plain(event_id=Identity("columns", ("s", "i"), "a-"))).raws[0]).event_id == "a-1-milk"
    assert decode_event(one(plain(event_id=Identity("row", prefix="file-"))).raws[0]).event_id == "file-1"


def test_ten_thousand_contents_are_numbered_as_a_plain_count_would():
    random = np.random.default_rng(7)
    contents = [str(n) for n in random.integers(0, 3000, 10_000)]
    seen: dict[str, int] = {}
    expected = []
    for content in contents:
        seen[content] = seen.get(content, 0) + 1
        expected.append(seen[content])
    occurrences, ids = Occurrences(), []
    for first in range(0, 10_000, 377):
        ids += occurrences.name(contents[first : first + 377])
    assert [int([*name.split("-"), "1"][1]) for name in ids] == expected


@pytest.mark.parametrize("margin", [0.25, 0.333333, 0.1, 1.0])
def test_profit_is_the_exact_decimal_share_of_the_amount(margin):
    random = np.random.default_rng(3)
    amounts = np.concatenate(
        [random.integers(-(10**9), 10**9, 5000) / 1e4, random.integers(-(10**5), 10**5, 5000) / 1e2, [123456789012.34, 0.0, 0.0001]]
    )
    millionths = int(Decimal(repr(margin)).scaleb(6))
    for amount, profit in zip(amounts.tolist(), profits(amounts, millionths).tolist(), strict=True):
        exact = (Decimal(repr(amount)) * Decimal(repr(margin))).quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)
        assert Decimal(repr(profit)) == exact


def test_a_margin_gives_the_profit_of_quantity_times_price_too():
    assert decode_event(one(plain(margin=0.25)).raws[0]).profit == 0.595


def test_a_missing_column_stops_with_a_sentence():
    with pytest.raises(UsageError, match="which the source does not have"):
        built(plain(), s=["1"], i=["m"], q=["1"], t=["2026-01-01"])
