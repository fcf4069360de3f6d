"""Shelf plans as part of the processor."""

import math

import pytest

from streams.contract.codec import decode_output
from streams.contract.messages import ShelfAllocation
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import MONDAY, PARTITIONS, STORE, log_of
from tests.unit.streams.test_heart import a_week

SHELF = {
    "type": "shelf-defined.v1",
    "event_id": "shelf-1",
    "store": STORE,
    "shelf": "dairy",
    "level_width": 10,
    "levels": 1,
    "items": [{"item": "milk", "width": 1, "price": 2, "cost": 1}, {"item": "flour", "width": 1, "price": 2, "cost": 1.9, "case_size": 6}],
    "defined_at": MONDAY,
}


def plans(out):
    return [m for m in (decode_output(value) for _, value in out.forecasts) if isinstance(m, ShelfAllocation)]


@pytest.fixture
def processor():
    return Processor(Rules(), 1, PARTITIONS)


def test_without_a_description_the_store_shares_its_space(processor):
    found = plans(processor.apply(log_of(*a_week())))
    assert {plan.shelf for plan in found} == {"all"}
    for plan in found:
        assert sum(item.shelf_space_percentage for item in plan.items) == 100
        assert all(item.facings is None for item in plan.items)


def test_a_described_shelf_is_planned_in_facings_with_reasons(processor):
    newest = plans(processor.apply(log_of(SHELF, *a_week())))[-1]
    assert newest.shelf == "dairy"
    milk, flour = newest.items
    assert milk.facings + flour.facings == 10
    assert milk.facings > flour.facings
    assert milk.profit_per_day > flour.profit_per_day
    assert flour.order_units % 6 == 0
    assert math.isclose(sum(item.shelf_space_percentage for item in newest.items), 100)
    assert newest.reasons


def test_the_shares_of_all_shelves_of_a_store_sum_to_100(processor):
    freezer = SHELF | {
        "event_id": "shelf-2",
        "shelf": "freezer",
        "level_width": 30,
        "items": [{"item": "ice", "width": 3, "min_facings": 10}],
    }
    both = SHELF | {"event_id": "shelf-3", "shelf": "till", "level_width": 7, "items": [{"item": "milk", "width": 1, "price": 2}]}
    closes = {}
    for plan in plans(processor.apply(log_of(SHELF, freezer, both, *a_week()))):
        closes.setdefault(plan.origin, []).append(plan)
    assert closes
    for made in closes.values():
        assert [plan.shelf for plan in made] == ["dairy", "freezer", "till"]
        assert sum(item.shelf_space_percentage for plan in made for item in plan.items) == 100
        for plan in made:
            assert sum(item.percentage_of_shelf for item in plan.items) == 100
        # All stand full: shares are as the widths.
        assert [round(sum(i.shelf_space_percentage for i in plan.items)) for plan in made] == [21, 64, 15]


def test_a_plan_says_what_it_earns_beyond_other_ways_to_share(processor):
    newest = plans(processor.apply(log_of(SHELF, *a_week())))[-1]
    for gain in (newest.gain_over_share_of_sales, newest.gain_over_share_of_profit, newest.gain_over_equal_space):
        assert gain >= 0
    assert newest.gain_over_share_of_profit < newest.gain_over_share_of_sales, "milk earns ten times what flour does: profit shares better"


def test_a_plan_is_kept_and_what_it_replaces_is_said(processor):
    first, *rest = plans(processor.apply(log_of(SHELF, *a_week())))
    assert all(item.previous_facings is None for item in first.items)
    for before, after in zip([first, *rest], rest, strict=False):
        assert [i.previous_facings for i in after.items] == [i.facings for i in before.items]
        assert after.changed == ([i.facings for i in after.items] != [i.facings for i in before.items])


def test_a_shelf_that_cannot_be_is_a_dead_letter(processor):
    wrong = SHELF | {"items": [{"item": "milk", "width": 20}]}
    (dead,) = processor.apply(log_of(wrong)).rejected
    assert dead.reason == "invalid"
    assert "wide" in dead.sentence


def test_plans_survive_a_snapshot(processor):
    log = log_of(SHELF, *a_week(20))
    whole = plans(processor.apply(log))
    other = Processor(Rules(), 1, PARTITIONS)
    out = plans(other.apply(log[:60]))
    other = Processor.load(other.dump(), Rules(), 1, PARTITIONS)
    assert out + plans(other.apply(log[60:])) == whole


def test_stock_is_followed_from_count_to_count(processor):
    count = {"type": "stock-counted.v1", "event_id": "c", "store": STORE, "item": "milk", "units": 1000, "counted_at": MONDAY - 11 * 3600}
    newest = plans(processor.apply(log_of(SHELF, count, *a_week())))[-1]
    sold = 3 * sum(2 + day % 3 for day in range(10))
    milk = newest.items[0]
    assert 1000 - sold <= milk.stock <= 1000 - sold + 3 * 4
    assert milk.order_units == 0


def test_a_ledger_that_was_found_wrong_steers_no_order(processor):
    count = {"type": "stock-counted.v1", "event_id": "c", "store": STORE, "item": "milk", "units": 5, "counted_at": MONDAY - 11 * 3600}
    milk = plans(processor.apply(log_of(SHELF, count, *a_week())))[-1].items[0]
    unknown = plans(Processor(Rules(), 1, PARTITIONS).apply(log_of(SHELF, *a_week())))[-1].items[0]
    assert (milk.stock, milk.order_units) == (None, unknown.order_units)
