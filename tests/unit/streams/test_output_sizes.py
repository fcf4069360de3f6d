"""No message about a store outgrows what Kafka takes, however many items it has and however long their names are."""

import pytest

from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, STORE, log_of, sale

PRODUCER_BYTES = 1_000_000
"""What librdkafka takes by default in one message."""


def closed_store(names):
    """The messages about forecasts after a store sold each item once and two days went by."""
    processor = Processor(Rules(), 1, PARTITIONS)
    processor.apply(log_of(*(sale(n, item=name, quantity=1 + n % 7, sold_at=MONDAY) for n, name in enumerate(names))))
    return processor.apply(log_of(sale(len(names), item=names[0], sold_at=MONDAY + 2 * DAY), first=len(names))).forecasts


@pytest.mark.parametrize(
    ("items", "form"),
    [
        (13_000, "40062{:08}"),  # EANs
        (2_500, "\N{SHOPPING TROLLEY}" * 120 + "{:08}"),  # four bytes a character
        (4_000, '"\\' * 60 + "{:08}"),  # two bytes a character in JSON
    ],
)
def test_no_message_outgrows_the_producer(items, form):
    sizes = [len(value) for _, value in closed_store([form.format(n) for n in range(items)])]
    assert max(sizes) < PRODUCER_BYTES


def test_no_plan_of_a_described_shelf_outgrows_the_producer():
    processor = Processor(Rules(), 1, PARTITIONS)
    shelf = {
        "type": "shelf-defined.v1", "event_id": "shelf", "store": STORE, "shelf": "hall", "level_width": 300, "levels": 50,
        "items": [{"item": f"{n:035}"} for n in range(5000)], "defined_at": MONDAY,
    }  # fmt: skip
    events = [shelf, *(sale(n, item=f"{n:035}", unit_cost=0.7, sold_at=MONDAY) for n in range(5000))]
    assert not processor.apply(log_of(*events)).rejected
    out = processor.apply(log_of(sale(5000, sold_at=MONDAY + 2 * DAY), first=5001))
    assert max(len(value) for _, value in out.forecasts) < PRODUCER_BYTES
