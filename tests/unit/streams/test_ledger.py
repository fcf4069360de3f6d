"""The stock ledger: what it holds, how it knows it, when it says that it was wrong, and which hours it calls out of stock."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.processor.ledger import COUNTED, DERIVED, MOST_REASONS, OTHER, UNKNOWN, Ledger
from streams.processor.state import from_bytes, to_bytes

DAY = 86_400
NOON = 20_000 * DAY + 12 * 3600


def hours(*which):
    return sum(1 << hour for hour in which)


def ledger_of(units=5.0, at=NOON):
    ledger = Ledger()
    ledger.counted(0, units, at, at)
    return ledger


def out(ledger, at, day=20_000):
    found = ledger.hours_out(day, at, 1)
    return 0 if found is None else int(found[0])


def test_a_count_is_known_until_something_moves():
    ledger = ledger_of()
    assert (ledger.lines[0].units, ledger.lines[0].knows) == (5, COUNTED)
    ledger.sold(0, 2, NOON + 60, NOON + 60, None)
    assert (ledger.lines[0].units, ledger.lines[0].knows) == (3, DERIVED)


def test_what_no_count_began_stays_unknown_and_is_never_out():
    ledger = Ledger()
    ledger.received(0, 5, NOON, NOON)
    for number in range(6):
        ledger.sold(0, 1, NOON + number, NOON + number, None)
    assert (ledger.lines[0].units, ledger.lines[0].knows, ledger.lines[0].wrong) == (0, UNKNOWN, 0)
    assert out(ledger, NOON + DAY) == 0


def test_more_sold_than_there_was_says_that_the_ledger_was_wrong():
    ledger = ledger_of(5)
    assert ledger.sold(0, 9, NOON + 60, NOON + 60, None) == "wrong"
    line = ledger.lines[0]
    assert (line.units, line.knows, line.wrong, line.wrong_at) == (0, UNKNOWN, 1, NOON + 60)
    assert out(ledger, NOON + DAY) == 0
    ledger.counted(0, 12, NOON + 7200, NOON + 7200)
    assert (line.units, line.knows, line.shrink) == (12, COUNTED, 0)  # what was not known cannot have shrunk


def test_the_last_unit_sold_begins_hours_without_stock_until_a_delivery():
    ledger = ledger_of(5)
    assert ledger.sold(0, 5, NOON + 1000, NOON + 1000, None) == "sold_out"
    assert out(ledger, NOON + 1000) == 0
    assert out(ledger, NOON + 3 * 3600) == hours(12, 13, 14)
    assert ledger.received(0, 10, NOON + 4 * 3600, NOON + 4 * 3600) == "receipt"
    assert out(ledger, NOON + 9 * 3600) == hours(12, 13, 14, 15)
    assert ledger.out_since(0) is None


def test_an_hour_counts_from_half_of_it_on():
    ledger = ledger_of(1)
    ledger.sold(0, 1, NOON + 1801, NOON + 1801, None)
    assert out(ledger, NOON + 2 * 3600) == hours(13)
    ledger.received(0, 1, NOON + 2 * 3600 + 1800, NOON + 2 * 3600 + 1800)
    assert out(ledger, NOON + DAY) == hours(13, 14)


def test_a_sale_in_a_time_without_stock_shows_that_there_was_some():
    ledger = ledger_of(1)
    ledger.sold(0, 1, NOON, NOON, None)
    assert out(ledger, NOON + 3 * 3600) == hours(12, 13, 14)
    assert ledger.sold(0, 1, NOON + 3 * 3600, NOON + 3 * 3600, None) == "wrong"
    assert out(ledger, NOON + 9 * 3600) == 0


def test_a_shelf_that_stays_empty_is_out_all_day_and_the_days_after():
    ledger = ledger_of(0)
    first = ledger.close(20_000, 1)
    assert int(first[0]) == hours(*range(12, 24))
    assert int(ledger.close(20_001, 1)[0]) == hours(*range(24))
    ledger.received(0, 3, NOON + 2 * DAY, NOON + 2 * DAY)
    assert int(ledger.close(20_002, 1)[0]) == hours(*range(12))
    assert ledger.close(20_003, 1).tolist() == [0]


def test_counts_show_what_is_missing_and_when_the_ledger_agreed():
    ledger = ledger_of(10)
    ledger.sold(0, 3, NOON + 60, NOON + 60, None)
    assert ledger.counted(0, 7, NOON + 120, NOON + 120) == ("count", 0)
    assert ledger.counted(0, 5.5, NOON + 180, NOON + 180) == ("count", 1.5)
    line = ledger.lines[0]
    assert (line.agreed_at, line.counted_at, line.shrink, line.counts) == (NOON + 120, NOON + 180, 1.5, 3)


def test_what_is_dated_before_the_newest_count_is_in_it_already():
    ledger = ledger_of(5)
    for quantity, left in ((2, None), (2, 1.0)):
        assert ledger.sold(0, quantity, NOON - 60, NOON - 60, left) is None
    ledger.received(0, 100, NOON - 60, NOON - 60)
    ledger.written_off(0, 3, "waste", NOON - 60, NOON - 60)
    assert ledger.counted(0, 99, NOON - 60, NOON - 60) == (None, None)
    line = ledger.lines[0]
    assert (line.units, line.received, line.written_off) == (5, 100, {"waste": 3})


def test_what_a_till_says_is_left_counts_from_then_on_and_is_no_count():
    ledger = Ledger()
    ledger.sold(0, 1, NOON, NOON, 4.0)
    line = ledger.lines[0]
    assert (line.units, line.knows, line.counts, line.shrink) == (4, DERIVED, 0, 0)
    assert ledger.sold(0, 4, NOON + 60, NOON + 60, -2.0) == "sold_out"
    assert line.units == 0


def test_waste_is_kept_by_reason_and_reasons_are_bounded():
    ledger = ledger_of(1000)
    for number in range(MOST_REASONS + 5):
        ledger.written_off(0, 1, f"reason {number}", NOON + number, NOON + number)
    held = ledger.lines[0].written_off
    assert len(held) == MOST_REASONS + 1
    assert held[OTHER] == 5
    assert ledger.lines[0].units == 1000 - MOST_REASONS - 5


def test_weighed_goods_leave_no_dust():
    ledger = ledger_of(0.3)
    ledger.sold(0, 0.1, NOON, NOON, None)
    assert ledger.sold(0, 0.2, NOON, NOON, None) == "sold_out"
    assert ledger.lines[0].units == 0


units = st.sampled_from([0.0, 1.0, 5.0, 0.3, 9.0, 1e9]) | st.floats(-20, 20)
moves = st.lists(
    st.tuples(
        st.sampled_from(["sold", "told", "counted", "received", "written_off"]), st.integers(0, 2), units, st.integers(-7200, 200_000)
    ),
    max_size=40,
)


def apply(ledger, kind, row, amount, at):
    if kind in ("sold", "told"):
        return ledger.sold(row, amount, at, at, amount if kind == "told" else None)
    if kind == "counted":
        return ledger.counted(row, abs(amount), at, at)
    if kind == "received":
        return ledger.received(row, amount, at, at)
    return ledger.written_off(row, amount, "waste", at, at)


@settings(max_examples=200, deadline=None)
@given(moves, st.integers(0, 40), st.booleans())
def test_any_movements_keep_the_promises_and_survive_a_dump(steps, cut, close):
    ledger, twin = Ledger(), Ledger()
    for number, (kind, row, amount, after) in enumerate(steps):
        if number == cut:
            twin = Ledger.load(from_bytes(to_bytes(twin.dump())))
        results = [apply(one, kind, row, amount, NOON + after) for one in (ledger, twin)]
        assert results[0] == results[1]
        if close and number % 10 == 9:
            for one in (ledger, twin):
                one.close(20_000 + number // 10, 3)
    assert to_bytes(ledger.dump()) == to_bytes(twin.dump())
    for row, line in ledger.lines.items():
        assert line.units >= 0
        assert math.isfinite(line.units + line.shrink + line.received)
        if ledger.out_since(row) is not None:
            assert (line.units, line.knows != UNKNOWN) == (0, True)


@pytest.mark.parametrize("day", [20_000, 20_001])
def test_no_hour_of_another_day_is_noted(day):
    ledger = ledger_of(0, NOON)
    ledger.received(0, 1, NOON + DAY, NOON + DAY)
    assert out(ledger, NOON + 5 * DAY, day) == (hours(*range(12, 24)) if day == 20_000 else hours(*range(12)))
