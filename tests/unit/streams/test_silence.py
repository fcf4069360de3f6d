"""Clocks that are wrong and stores that are silent: bounded work, and no history that one date alone began."""

import time
from datetime import UTC, datetime

import numpy as np
import pytest

from streams.contract.codec import decode_accepted, decode_output
from streams.contract.messages import PredictedSales
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, STORE, log_of, sale

Y2000 = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp()


def tick(at):
    return {"type": "clock-ticked.v1", "store": STORE, "at": at}


def days_of_sales(first, days, number=0, **changes):
    return [sale(number + i, sold_at=first + i * DAY, **changes) for i in range(days)]


def run(*events, **rules):
    processor = Processor(Rules(**rules), 1, PARTITIONS)
    out = processor.apply(log_of(*events))
    assert not out.rejected
    return processor, out


def origins(out):
    found = (decode_output(value) for _, value in out.forecasts)
    return [m.origin for m in found if isinstance(m, PredictedSales) and m.path]


def test_a_till_reset_to_2000_does_not_begin_the_history():
    processor, out = run(sale(0, sold_at=Y2000), *days_of_sales(NOW, 3, 1))
    assert processor.counts["days"] == 2
    assert set(origins(out)) == {"2026-11-23", "2026-11-24"}
    assert processor.counts["late"] == 1
    accepted = [decode_accepted(value) for _, value in out.accepted]
    assert [(one.event_id, one.seq, one.business_date) for one in accepted[:2]] == [("e0", 1, "2000-01-01"), ("e1", 2, "2026-11-23")]


def test_a_tick_after_a_reset_till_does_not_close_26_years():
    processor, out = run(sale(0, sold_at=Y2000), tick(NOW), sale(1, sold_at=NOW + 60), tick(NOW + DAY))
    assert processor.counts["days"] == 1
    assert origins(out) == ["2026-11-23"]


def test_a_till_reset_for_some_days_does_not_begin_the_history():
    processor, out = run(*days_of_sales(Y2000, 6), *days_of_sales(NOW, 30, 6))
    straight, expected = run(*days_of_sales(NOW, 30))
    assert processor.counts["late"] == 6
    assert origins(out)[-20:] == origins(expected)[-20:]
    newest, other = (processor.model.dump(), straight.model.dump())
    assert {k for k in other if k.startswith("store0.series") and not np.array_equal(newest[k], other[k], equal_nan=True)} == set()


def test_a_history_of_a_week_is_believed():
    processor, _ = run(*days_of_sales(MONDAY, 7), *days_of_sales(MONDAY + 100 * DAY, 2, 7))
    assert "late" not in processor.counts


@pytest.mark.parametrize("end", [sale(99, sold_at=MONDAY + 1130 * DAY), tick(MONDAY + 1130 * DAY)])
def test_three_silent_years_are_leapt_over(end):
    started = time.perf_counter()
    processor, out = run(*days_of_sales(MONDAY, 30), end)
    assert processor.counts["days"] <= 30 + 64
    assert processor.counts["days"] + processor.counts["days_leapt_over"] == 1130
    assert len(set(origins(out))) == 30 + 14
    assert time.perf_counter() - started < 30
    more = processor.apply(log_of(*days_of_sales(MONDAY + 1131 * DAY, 20, 200), first=processor.next_offset))
    assert origins(more)[-1] == "2028-02-22"


def test_old_sales_between_two_ticks_leave_no_gap_that_is_closed_day_by_day():
    """A store whose clock is right already gets sales of two other ages: each gap is leapt over."""
    stock = {"type": "stock-counted.v1", "event_id": "s", "store": STORE, "item": "milk", "units": 5, "counted_at": NOW}
    processor, _ = run(stock, tick(NOW), *days_of_sales(Y2000, 8), *days_of_sales(MONDAY, 8, 50), tick(NOW + DAY))
    assert processor.counts["days"] < 300


def test_a_silence_of_three_months_is_closed_day_by_day():
    processor, _ = run(*days_of_sales(MONDAY, 30), sale(99, sold_at=MONDAY + (29 + 93) * DAY))
    assert processor.counts["days"] == 29 + 93
    processor, _ = run(*days_of_sales(MONDAY, 30), sale(99, sold_at=MONDAY + (29 + 94) * DAY))
    assert processor.counts["days"] == 30 + 64


def test_after_a_leap_the_forecasts_are_as_if_each_day_had_closed():
    """A year of silence, leapt over or closed by a tick each day: the store's own levels are the same, the rest nearly."""
    before, after = days_of_sales(MONDAY, 120, quantity=7), days_of_sales(MONDAY + 520 * DAY, 40, 200, quantity=7)
    leapt, out = run(*before, *after)
    ticked, expected = run(*before, *(tick(MONDAY + d * DAY) for d in range(120, 520)), *after)
    assert leapt.counts["days_leapt_over"] == 400 - 64
    assert "days_leapt_over" not in ticked.counts
    newest, same = (
        [m for _, v in o.forecasts if isinstance(m := decode_output(v), PredictedSales) and m.path][-1] for o in (out, expected)
    )
    assert newest.horizons[1].mean == pytest.approx(same.horizons[1].mean, rel=0.05)
    assert newest.horizons[1].open_days == same.horizons[1].open_days
    dumps = leapt.model.dump(), ticked.model.dump()
    for name in ("count", "ewma", "mean", "weekdays", "year_sums", "year_counts", "units"):
        assert np.allclose(dumps[0][f"store0.series.{name}"], dumps[1][f"store0.series.{name}"], rtol=0.05, equal_nan=True), name


def test_a_state_goes_on_across_a_leap_as_if_it_had_not_been_kept():
    """Stores of one partition in different years: what a calendar builds must not depend on what was built before."""
    other = next(name for name in map(str, range(1000)) if name != STORE and Processor(Rules(), 1, PARTITIONS).apply(
        log_of(sale(store=name))).accepted)  # fmt: skip
    rules = Rules(country="GB")
    log = log_of(
        *days_of_sales(Y2000, 10), *days_of_sales(NOW - 40 * DAY, 10, 20, store=other), *days_of_sales(MONDAY, 5, 50),
        *days_of_sales(NOW - 25 * DAY, 5, 60, store=other), *days_of_sales(NOW, 5, 70),
    )  # fmt: skip
    straight, stopped = Processor(rules, 1, PARTITIONS), Processor(rules, 1, PARTITIONS)
    whole, pieces = straight.apply(log), []
    for record in log:
        pieces += stopped.apply([record]).forecasts
        stopped = Processor.load(stopped.dump(), rules, 1, PARTITIONS)
    assert pieces == whole.forecasts
    assert stopped.dump() == straight.dump()


def test_a_price_or_quantity_next_to_nothing_stops_nothing():
    """The ratio of two such prices is 0 to a float, and has no logarithm."""
    small = [sale(2, unit_price=5e-324), sale(3, quantity=0.001), sale(4, quantity=0.001, item="tea"), sale(5, item="tea")]
    processor, _ = run(sale(0, unit_price=1e6), *small)
    assert processor.seq == 5
