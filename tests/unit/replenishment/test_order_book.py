"""Orders of a partition: from the plan where it names quantities, else from the forecasts before it."""

from consumers.replenishment import csv_file
from consumers.replenishment.orders import Line, OrderBook
from consumers.replenishment.replenishment_settings import ReplenishSettings
from streams.contract.messages import Allocation, HorizonForecast, PredictedSales, ShelfAllocation


def forecast(item, mean, *, store="s", origin="2026-05-01", horizon="day"):
    span = {"first_day": "2026-05-02", "last_day": "2026-05-02", "open_days": 1, "same_weekday_mean": mean}
    day = HorizonForecast(horizon=horizon, mean=mean, p10=mean / 2, p50=mean, p90=mean * 2, **span)
    return PredictedSales(id="0-1-1", store=store, item=item, origin=origin, made_at=0.0, horizons=(day,), partition=0, offset=1)


def plan(*items, store="s", origin="2026-05-01", number=9, **more):
    return ShelfAllocation(id=f"0-1-{number}", store=store, origin=origin, made_at=0.0, items=items, partition=0, offset=1, **more)


def part(item, **more):
    return Allocation(item=item, predicted_sales=5.0, shelf_space_percentage=50.0, **more)


def test_a_quantity_of_the_plan_wins_and_nothing_is_not_a_line():
    book = OrderBook(ReplenishSettings())
    [made] = book.plan(plan(part("a", order_units=12.0), part("b", order_units=0.0)), 5)
    assert made.lines == (Line("a", 12.0, "plan"),)
    assert (made.store, made.origin, made.message) == ("s", "2026-05-01", "0-1-9")


def test_without_one_the_forecast_decides():
    book = OrderBook(ReplenishSettings())
    book.forecast(forecast("a", 10.0), 100)
    book.forecast(forecast("b", 10.0), 101)
    [made] = book.plan(plan(part("a", stock=4.0), part("b")), 102)
    # Two days of a split normal: 20 + 1.645 * (20 - 10) / 1.2816 * sqrt(2), less 4, in whole units.
    assert made.lines == (Line("a", 35.0, "forecast"), Line("b", 10.0, "forecast"))


def test_a_forecast_of_another_day_does_not_count_and_today_says_nothing():
    book = OrderBook(ReplenishSettings())
    book.forecast(forecast("a", 1000.0, origin="2026-04-30"), 100)
    book.forecast(forecast("a", 1000.0, horizon="today"), 101)
    [made] = book.plan(plan(part("a")), 102)
    assert made.lines == (Line("a", 5.0, "forecast"),)


def test_a_restart_reads_from_the_oldest_forecast_that_waits():
    book = OrderBook(ReplenishSettings())
    assert book.safe_offset(100) == 100
    for offset, item in enumerate("abc", start=100):
        book.forecast(forecast(item, 10.0), offset)
    assert book.safe_offset(103) == 100
    book.plan(plan(part("a"), shelf="left"), 103)
    assert book.safe_offset(104) == 100, "b and c wait for the other shelf"
    book.plan(plan(part("b"), part("c"), shelf="right"), 104)
    assert book.safe_offset(105) == 105
    book.forecast(forecast("d", 10.0), 105)
    book.forecast(forecast("d", 10.0, origin="2026-05-02"), 110)
    assert book.safe_offset(111) == 110, "a newer day supersedes"


def test_a_store_that_fell_silent_is_not_waited_for():
    book = OrderBook(ReplenishSettings())
    book.forecast(forecast("a", 10.0, store="closed"), 5)
    book.forecast(forecast("a", 10.0, store="open", origin="2026-05-09"), 50)
    assert book.safe_offset(51) == 50


def test_file_names_and_cells_are_safe(tmp_path):
    order = {
        "store": "../=x/Ümlaut",
        "origin": "2026-05-01",
        "lines": [{"item": "=HYPERLINK(1)", "units": 3.0, "chosen_by": "plan"}],
    }
    path = csv_file.write(tmp_path, order)
    assert path.parent == tmp_path
    text = path.read_text("utf-8")
    assert "'=HYPERLINK(1)" in text
    assert csv_file.write(tmp_path, order | {"store": "店" * 64}).parent == tmp_path
    assert csv_file.write(tmp_path, order | {"store": "店" * 63 + "a"}) != csv_file.write(tmp_path, order | {"store": "店" * 64})
    assert not list(tmp_path.glob("*.part"))
