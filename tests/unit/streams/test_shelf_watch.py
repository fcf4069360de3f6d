"""What is said of shelves while a day runs: silences, and what will be gone before closing."""

import json

import pytest

from streams.contract.codec import decode_output
from streams.contract.stock_messages import RunsOutExpected, ShelfSilent
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.support import stocked
from tests.unit.streams.logs import DAY, PARTITIONS

LAST = stocked.MONDAY + 29 * DAY


def said(kind, **changes):
    rules = changes.pop("rules", {})
    out = stocked.processor(**rules).apply(stocked.log(days=30, **changes))
    return [one for _, raw in out.forecasts if isinstance(one := decode_output(raw), kind)]


def hour_of(at):
    return (at - LAST) / 3600


def test_an_item_that_stops_selling_is_said_once_with_money_at_stake():
    (one,) = said(ShelfSilent, out_days=1, told=False)
    assert (one.item, one.business_date, hour_of(one.silent_since), one.stock) == ("milk", "2025-01-28", 12, None)
    assert 12 < hour_of(one.made_at) < 18
    assert one.probability < 0.001
    assert one.units_per_hour == pytest.approx(5, rel=0.5)
    assert one.revenue_per_hour == pytest.approx(1.5 * one.units_per_hour, rel=0.01)


def test_a_store_that_closes_early_says_nothing_of_its_shelves():
    assert said(ShelfSilent, out_days=0, told=False, closes=13) == []


def test_an_item_that_is_known_to_be_out_is_not_silent():
    assert said(ShelfSilent, out_days=1) == []


def test_a_threshold_of_nothing_says_nothing():
    assert said(ShelfSilent, out_days=1, told=False, rules={"silence_probability": 0.0}) == []


def test_what_will_be_gone_is_said_once_with_how_many_to_bring():
    found = [one for one in said(RunsOutExpected, out_days=0, last_count=30) if one.business_date == "2025-01-28"]
    assert sorted(one.item for one in found) == ["bread", "cheese", "milk"]
    milk = next(one for one in found if one.item == "milk")
    assert 0.7 <= milk.probability <= 1
    assert 12 <= hour_of(milk.expected_at) <= 17  # 30 units at 5 an hour, from 8 h on
    assert milk.bring.is_integer()
    assert 20 <= milk.bring + milk.stock <= 70


def test_enough_stock_is_not_said():
    assert said(RunsOutExpected, out_days=0) == []


def test_a_higher_threshold_says_less():
    assert said(RunsOutExpected, out_days=0, last_count=30, rules={"runs_out_probability": 1.0}) == []


def test_a_state_in_the_midst_of_alarms_goes_on_as_it_was():
    log = stocked.log(days=30, out_days=1, out=("milk",), last_count=30)
    straight = Processor(Rules(), 1, PARTITIONS)
    whole = straight.apply(log).forecasts
    assert {"runs-out-expected.v1", "lost-sales-estimated.v1"} <= {json.loads(raw)["type"] for _, raw in whole}
    cut = Processor(Rules(), 1, PARTITIONS)
    found = list(cut.apply(log[:-40]).forecasts)
    for first in range(len(log) - 40, len(log), 9):
        cut = Processor.load(cut.dump(), Rules(), 1, PARTITIONS)
        found += cut.apply(log[first : first + 9]).forecasts
    assert found == whole
    assert cut.dump() == straight.dump()


def test_the_radar_changes_no_byte_of_the_other_messages():
    log = stocked.log(days=30, out_days=1, told=False)
    on, off = (stocked.processor(silence_probability=chance).apply(log) for chance in (0.001, 0.0))
    others = [(key, raw) for key, raw in on.forecasts if b"shelf-silent.v1" not in raw]
    assert len(others) == len(on.forecasts) - 1
    # The silence counts in what the close makes of the day: nothing here, as one quiet afternoon is no shift of level.
    assert others == off.forecasts
    assert on.accepted == off.accepted
