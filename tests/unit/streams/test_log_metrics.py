"""The worker's metrics tell whatever the states have counted."""

from prometheus_client import CollectorRegistry

from streams.runtime.metrics import WorkerMetrics
from tests.support import stocked
from tests.unit.streams.logs import DAY, STORE, log_of


def told(processor):
    registry = CollectorRegistry()
    metrics = WorkerMetrics(registry)
    metrics.read([processor])
    return lambda outcome: registry.get_sample_value("shelfcast_log_events", {"outcome": outcome})


def test_what_is_said_of_stock_is_counted():
    processor = stocked.processor()
    processor.apply(stocked.log(days=30, out_days=1, last_count=30))
    value = told(processor)
    assert value("lost_sales") == processor.counts["lost_sales"] > 0
    assert value("run_outs") == processor.counts["run_outs"] > 0
    assert value("silences") == 0


def test_days_leapt_over_are_counted_too():
    processor = stocked.processor()
    log = stocked.log(told=False)
    processor.apply(log)
    late = {"type": "clock-ticked.v1", "store": STORE, "at": stocked.MONDAY + 300 * DAY}
    processor.apply(log_of(late, first=len(log)))
    assert told(processor)("days_leapt_over") == processor.counts["days_leapt_over"] > 0


def test_every_count_of_a_state_has_a_place_in_the_metrics():
    processor = stocked.processor()
    processor.tally.count("something_new", 3)
    assert told(processor)("something_new") == 3
