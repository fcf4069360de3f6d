"""Stock events through the processor: each counts once, bad ones raise nothing, and what the ledger says is told."""

import json

import numpy as np
import pytest

from streams.contract.codec import decode_output
from streams.contract.stock_messages import StockStated
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.support import stocked
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, STORE, log_of, sale


def count(number, units, at=0, **changes):
    return {
        "type": "stock-counted.v1", "event_id": f"c{number}", "store": STORE, "item": "milk", "units": units, "counted_at": MONDAY + at,
    } | changes  # fmt: skip


def receipt(number, units, at=0, **changes):
    return {
        "type": "stock-received.v1", "event_id": f"r{number}", "store": STORE, "item": "milk", "units": units, "received_at": MONDAY + at,
    } | changes  # fmt: skip


def waste(number, units, at=0, **changes):
    return {
        "type": "stock-written-off.v1", "event_id": f"w{number}", "store": STORE, "item": "milk", "units": units, "reason": "waste",
        "written_off_at": MONDAY + at,
    } | changes  # fmt: skip


@pytest.fixture
def processor():
    return Processor(Rules(), 1, PARTITIONS)


def stated(out):
    return [one for _, raw in out.forecasts if isinstance(one := decode_output(raw), StockStated)]


def line_of(processor, item="milk"):
    store = processor._stores[STORE]
    return store.ledger.lines[store.items[item]]


def test_a_delivery_booked_twice_counts_once(processor):
    out = processor.apply(log_of(count(1, 5), receipt(1, 10, 60), receipt(1, 10, 60), waste(1, 2, 90), waste(1, 2, 90)))
    assert line_of(processor).units == 13
    assert processor.counts["duplicates"] == 2
    assert [one.cause for one in stated(out)] == ["count", "receipt", "write_off"]


def test_an_id_with_another_content_is_a_conflict(processor):
    out = processor.apply(log_of(receipt(1, 10), receipt(1, 11)))
    assert [dead.reason for dead in out.rejected] == ["conflict"]


def test_a_sale_takes_from_the_stock_and_the_end_of_it_is_told(processor):
    out = processor.apply(log_of(count(1, 4), sale(1), sale(2)))
    newest = stated(out)[-1]
    assert (newest.cause, newest.units, newest.knows, newest.out_since) == ("sold_out", 0, "derived", MONDAY + 120)


def test_a_ledger_that_was_wrong_says_so(processor):
    out = processor.apply(log_of(count(1, 5), sale(1, quantity=9)))
    newest = stated(out)[-1]
    assert (newest.cause, newest.units, newest.knows, newest.wrong, newest.wrong_at) == ("wrong", 0, "unknown", 1, MONDAY + 60)


def test_a_count_tells_what_is_missing(processor):
    out = processor.apply(log_of(count(1, 5), sale(1), count(2, 2.5, 300)))
    newest = stated(out)[-1]
    assert (newest.shrink_now, newest.shrink, newest.counts, newest.agreed_at) == (0.5, 0.5, 2, None)


def test_the_close_tells_of_stock_that_moved_and_only_of_that(processor):
    processor.apply(log_of(count(1, 50), count(2, 50, item="tea"), sale(1)))
    out = processor.apply(log_of(sale(9, sold_at=MONDAY + DAY), sale(10, sold_at=MONDAY + 2 * DAY), first=10))
    told = [(one.item, one.units, one.business_date) for one in stated(out) if one.cause == "close"]
    assert told == [("milk", 48, "2024-12-30"), ("tea", 50, "2024-12-30"), ("milk", 46, "2024-12-31")]


def test_stock_of_an_unknown_item_begins_its_line(processor):
    assert not processor.apply(log_of(receipt(1, 3, item="new"), waste(1, 1, item="newer"))).rejected
    assert line_of(processor, "new").units == 3


def test_bad_stock_is_a_dead_letter_or_counts_as_none_and_raises_nothing(processor):
    out = processor.apply(
        log_of(
            count(1, -4), receipt(1, 1e10), waste(1, 1, reason=""), sale(1, stock_left=-3), count(2, 7, -3600), waste(2, 50, 90),
            receipt(2, -50, 120), count(3, 3, 60 * DAY),
        )
    )  # fmt: skip
    assert [dead.offset for dead in out.rejected] == [0, 1, 2]
    assert line_of(processor).units == 3


def test_a_state_with_stock_goes_on_as_it_was():
    log = log_of(
        count(1, 5), sale(1), waste(1, 1, 90), sale(2), sale(3, sold_at=MONDAY + 7200), receipt(1, 9, 9000), sale(4, sold_at=MONDAY + DAY)
    )
    for cut in range(len(log)):
        straight, dumped = Processor(Rules(), 1, PARTITIONS), Processor(Rules(), 1, PARTITIONS)
        whole = straight.apply(log).forecasts
        first = dumped.apply(log[:cut]).forecasts
        dumped = Processor.load(dumped.dump(), Rules(), 1, PARTITIONS)
        assert first + dumped.apply(log[cut:]).forecasts == whole
        assert dumped.dump() == straight.dump()


def test_without_stock_data_nothing_of_it_is_said_and_no_ledger_is_kept(processor):
    out = processor.apply(log_of(*(sale(number, sold_at=MONDAY + number * 7200) for number in range(60))))
    types = {json.loads(raw)["type"] for _, raw in out.forecasts}
    assert types.isdisjoint({"stock-stated.v1", "lost-sales-estimated.v1", "runs-out-expected.v1"})
    assert processor._stores[STORE].ledger is None


def but_of_stock(out):
    """The messages without those about stock, what plans say of it, and the numbers of messages."""
    found = [json.loads(raw) for _, raw in out.forecasts]
    for message in found:
        del message["id"]
        if message["type"] == "shelf-allocation.v1":
            message["items"] = [{k: v for k, v in item.items() if k not in ("order_units", "stock")} for item in message["items"]]
            message.pop("reasons", None)
    return [one for one in found if one["type"] not in ("stock-stated.v1", "runs-out-expected.v1")]


def test_stock_that_is_known_and_never_out_changes_nothing_but_what_is_said_of_stock(processor):
    events = list(stocked.events(days=24, out_days=0))
    no_news = {"type": "clock-ticked.v1", "store": STORE, "at": stocked.MONDAY - 1}  # keeps the offsets as they are
    untold = [no_news if event["type"].startswith("stock-") else event for event in events]
    told, plain = processor.apply(log_of(*events)), Processor(Rules(), 1, PARTITIONS).apply(log_of(*untold))
    assert told.accepted == plain.accepted
    assert but_of_stock(told) == but_of_stock(plain)
    assert {one["type"] for one in but_of_stock(plain)} >= {"predicted-sales.v1", "forecast-scored.v1", "shelf-allocation.v1"}
    # Known days in stock teach what the rest of a day sells, so that the first one without is no guess.
    assert np.abs(processor.model._pool.rest.weights).sum() > 0
    assert processor.model._pool.reached.notes.sum() > 2 * 6 * 20
