import logging

import pytest
from prometheus_client import CollectorRegistry

from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.sink import Record
from consumers.statistics.statistics import StatisticsSink
from consumers.store.port import ContendedError
from streams.contract.codec import encode
from streams.contract.errors import LogTruncatedError, ServerError
from streams.kafka.ends import LogEnds
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import accepted, records_of, sales_of
from tests.support.stand_ins import BEGINNING


def sink_on(documents, partitions=2, **options):
    sink = StatisticsSink(documents, options.pop("metrics", None) or metrics(), **options)
    starts = [sink.start(partition, BEGINNING) for partition in range(partitions)]
    return sink, starts


def test_a_restart_reads_on_after_what_was_applied():
    documents = MemoryDocuments()
    sink, starts = sink_on(documents)
    assert starts == [0, 0]
    records = records_of(sales_of(100))
    sink.write(records)
    _, starts = sink_on(documents)
    assert starts == [max(r.offset for r in records if r.partition == p) + 1 for p in range(2)]


def test_a_write_that_failed_half_way_may_be_repeated():
    records = records_of(sales_of(300))
    whole = MemoryDocuments()
    sink_on(whole)[0].write(records)
    torn = MemoryDocuments()
    sink, _ = sink_on(torn)
    failures = 0
    while True:
        torn.fail_after = 3
        try:
            sink.write(records)
        except ServerError:
            failures += 1
            sink.forget()
        else:
            break
    assert failures > 5
    assert torn.statistics() == whole.statistics()


def test_a_zombie_is_refused_and_changes_nothing():
    documents = MemoryDocuments()
    records = records_of(sales_of(100))
    zombie, _ = sink_on(documents)
    zombie.write(records[:50])
    owner, _ = sink_on(documents)
    owner.write(records[50:])
    state = documents.statistics()
    kept = repr(state)
    with pytest.raises(ContendedError):
        zombie.write(records[50:])
    assert repr(state) == kept


def test_garbage_is_counted_named_and_passed_over(caplog):
    registry = CollectorRegistry()
    documents = MemoryDocuments()
    sink, _ = sink_on(documents, metrics=ConsumerMetrics(registry))
    good = encode(accepted(1))
    bad = [b"", b"{}", b"\xff", good.replace(b"2025-01-01", b"2025-02-31"), good.replace(b"milk", b"mi\\u0007lk"), b"[" * 100_000]
    with caplog.at_level(logging.ERROR):
        sink.write([Record(0, n, 0.0, raw) for n, raw in enumerate([*bad, good])])
    labels = {"reader": "statistics", "outcome": "unreadable"}
    assert registry.get_sample_value("shelfcast_consumer_events_total", labels) == len(bad)
    assert registry.get_sample_value("shelfcast_consumer_events_total", labels | {"outcome": "applied"}) == 1
    assert "partition 0 offset 0" in caplog.text
    assert "\n\n" not in caplog.text


def test_metrics_say_what_became_of_each_message():
    registry = CollectorRegistry()
    sink, _ = sink_on(MemoryDocuments(), metrics=ConsumerMetrics(registry))
    sink.write(records_of([accepted(n) for n in (1, 2, 2, 5, 3)], timestamp=1.0))

    def count(outcome):
        return registry.get_sample_value("shelfcast_consumer_events_total", {"reader": "statistics", "outcome": outcome})

    assert (count("applied"), count("repeated"), count("gap")) == (3, 1, 1)
    assert registry.get_sample_value("shelfcast_consumer_batches_total", {"reader": "statistics"}) == 1
    assert registry.get_sample_value("shelfcast_consumer_documents_total", {"reader": "statistics"}) == 2
    assert registry.get_sample_value("shelfcast_consumer_write_seconds_count", {"reader": "statistics"}) == 1
    assert registry.get_sample_value("shelfcast_consumer_end_to_end_seconds_count", {"reader": "statistics"}) == 1


def test_a_gap_that_stays_becomes_an_alarm_and_ends_when_filled(caplog):
    registry = CollectorRegistry()
    now = [1000.0]
    sink, _ = sink_on(MemoryDocuments(), metrics=ConsumerMetrics(registry), gap_alarm_seconds=60, clock=lambda: now[0])
    following = {}
    sink.write(records_of([accepted(1), accepted(3)], start=following))
    now[0] += 59
    sink.tick()
    assert "has not come" not in caplog.text
    now[0] += 2
    sink.tick()
    assert "sale 2 has not come for 61 s" in caplog.text
    assert registry.get_sample_value("shelfcast_consumer_gap_seconds", {"partition": "0"}) == 61
    sink.write(records_of([accepted(2), accepted(3)], start=following))
    assert registry.get_sample_value("shelfcast_consumer_gap_seconds", {"partition": "0"}) == 0


def test_a_log_that_begins_late_is_taken_from_its_first_sale(caplog):
    documents = MemoryDocuments()
    sink = StatisticsSink(documents, metrics())
    assert sink.start(0, LogEnds(700, 900)) == 700
    sink.write([Record(0, 700, 0.0, encode(accepted(41))), Record(0, 701, 0.0, encode(accepted(42)))])
    assert "begins at offset 700" in caplog.text
    [document] = documents.collections["store_months"].values()
    assert document["days"]["01"][3] == 2


def test_a_first_sale_that_is_not_number_1_of_a_whole_log_waits():
    documents = MemoryDocuments()
    sink, _ = sink_on(documents)
    sink.write(records_of([accepted(41)]))
    assert not any(documents.statistics().values())


@pytest.mark.parametrize(("ends", "sentence"), [(LogEnds(0, 3), "another log"), (LogEnds(40, 90), "retention has removed")])
def test_a_log_that_is_not_the_one_we_read_stops_us(ends, sentence):
    documents = MemoryDocuments()
    sink, _ = sink_on(documents)
    sink.write(records_of([accepted(n) for n in range(1, 10)]))
    with pytest.raises(LogTruncatedError, match=sentence):
        StatisticsSink(documents, metrics()).start(0, ends)
