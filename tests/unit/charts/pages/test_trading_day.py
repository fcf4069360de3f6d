"""How a day of trading goes: the newest day, the week before, the usual hours, the band of a store's total, what silence means."""

from datetime import UTC

import msgspec
import pytest

from charts.queries.running_totals import TotalRow
from charts.queries.trading_day import ScoredTotal, ratios, trading_day, trading_days, was_expected
from charts.web.pages.freshness import arrivals_due, state_of
from charts.web.pages.today import spread
from consumers.statistics.statistics import StatisticsSink
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import accepted, records_of
from tests.support.stand_ins import BEGINNING

NOON = 1_746_100_800.0  # Thursday 2025-05-01 12:00 UTC
SHOP_HOURS = tuple(12.0 if 8 <= hour % 24 < 20 else 0.0 for hour in range(168))


def sold(sales):
    documents = MemoryDocuments()
    sink = StatisticsSink(documents, metrics())
    sink.start(0, BEGINNING)
    sink.write(records_of([accepted(n + 1, currency="EUR", **one) for n, one in enumerate(sales)]))
    return documents


def test_many_stores_read_at_once_are_those_read_one_by_one():
    dates = {"a": ("2025-02-27", "2025-03-06"), "b": ("2024-11-20", "2024-12-01"), "c": ("2025-03-01",)}
    documents = sold(
        [{"store": store, "business_date": day, "sold_at": 1.7e9 + n} for store, days in dates.items() for n, day in enumerate(days)]
    )
    together = trading_days(documents, ["c", "b", "a", "nobody"])
    assert together == [trading_day(documents, store) for store in ("a", "b", "c")]
    assert [day.day for day in together] == ["2025-03-06", "2024-12-01", "2025-03-01"]
    assert together[0].revenue == pytest.approx(2.38)
    assert together[0].revenue_before == pytest.approx(2.38)
    assert together[2].revenue_before is None
    assert together[0].newest_sale == 1.7e9 + 1


def test_the_band_of_a_total_is_that_of_its_past():
    scored = [ScoredTotal(f"2025-01-{n:02}", 80.0 + n, 100.0) for n in range(1, 32)]
    low, high = ratios(scored)
    assert (low, high) == (pytest.approx(0.84), pytest.approx(1.08))
    assert ratios(scored[:3]) is None
    assert was_expected(scored, "2025-02-01") == pytest.approx(100 / 111)
    assert was_expected(scored, "2024-12-31") is None


@pytest.mark.parametrize(
    ("silent_minutes", "state"), [(0, "good"), (20, "good"), (26, "warn"), (49, "warn"), (51, "bad"), (60 * 24 * 15, "past")]
)
def test_silence_turns_amber_and_red_by_what_was_due(silent_minutes, state):
    assert state_of(NOON - 60 * silent_minutes, NOON, SHOP_HOURS, UTC) == state


def test_a_shop_that_is_shut_is_not_silent():
    night = NOON + 10 * 3600  # 22 h, two hours after it shut
    assert state_of(NOON + 8 * 3600 - 60, night, SHOP_HOURS, UTC) == "shut"
    assert arrivals_due(NOON + 8 * 3600, night, SHOP_HOURS, UTC) == 0
    assert arrivals_due(NOON, NOON + 1800, SHOP_HOURS, UTC) == pytest.approx(6)
    assert state_of(None, NOON, SHOP_HOURS, UTC) == "unknown"


def test_a_busy_shop_is_not_alarmed_by_a_minute():
    busy = tuple(3600.0 for _ in range(168))
    assert state_of(NOON - 120, NOON, busy, UTC) == "good"
    assert state_of(NOON - 400, NOON, busy, UTC) == "warn"
    assert state_of(NOON - 1000, NOON, busy, UTC) == "bad"


def test_the_lines_of_an_order_come_together_so_that_silence_is_measured_in_orders():
    documents = sold([
        {"event_id": f"{day}-{line}", "hour": 12, "order_id": f"{day}-{line % 2}", "business_date": f"2025-03-{day:02}"}
        for day in range(1, 15) for line in range(20)
    ])  # fmt: skip
    day = trading_day(documents, "Berlin")
    assert (max(day.lines_an_hour), max(day.arrivals_an_hour)) == (20, 2), "on each weekday"
    one_a_line = trading_day(sold([{"hour": 12, "business_date": "2025-03-01"}]), "Berlin")
    assert one_a_line.orders_per_line == 1, "no orders are named"


def test_the_band_of_a_day_is_that_of_the_model_in_proportion_to_what_is_still_to_come():
    numbers = {"store": "Berlin", "category": None, "made_at": 0.0, "p50": 95.0, "same_weekday_mean": 90.0}
    total = TotalRow(day="2025-05-01", sold_so_far=40.0, mean=100.0, p10=85.0, p90=130.0, **numbers)
    assert spread(total, "2025-05-01") == (0.75, 1.5)
    assert spread(total, "2025-05-02") is None, "of another day"
    assert spread(None, "2025-05-01") is None
    assert spread(msgspec.structs.replace(total, sold_so_far=99.5), "2025-05-01") is None, "the day is as good as over"
