"""The consumers' metrics for Prometheus. No label is a store or an item, because their number has no bound."""

import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from consumers.runtime.sink import Record

SAMPLE_EVERY = 16
"""Every 16th message of a batch has its latency observed: observing all would cost more than folding them."""


class ConsumerMetrics:
    """The metrics of one process, on the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(
            "shelfcast_consumer_events",
            "Messages read, by outcome: applied, repeated, gap, superseded, unreadable.",
            ["reader", "outcome"],
            registry=registry,
        )
        self.lag = Gauge(
            "shelfcast_consumer_lag_messages", "Messages in the topic that are not applied.", ["reader", "partition"], registry=registry
        )
        self.latency = Histogram(
            "shelfcast_consumer_end_to_end_seconds",
            "Time from a message's arrival in Kafka until it is in MongoDB, for every 16th message.",
            ["reader"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
            registry=registry,
        )
        self.write = Histogram(
            "shelfcast_consumer_write_seconds",
            "Time to fold and write a batch.",
            ["reader"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
            registry=registry,
        )
        self.batches = Counter("shelfcast_consumer_batches", "Batches written.", ["reader"], registry=registry)
        self.documents = Counter("shelfcast_consumer_documents", "Documents written.", ["reader"], registry=registry)
        self.errors = Counter(
            "shelfcast_consumer_errors",
            "Errors by kind: mongodb, archive, contended, kafka, unreadable.",
            ["reader", "kind"],
            registry=registry,
        )
        self.gap_seconds = Gauge(
            "shelfcast_consumer_gap_seconds",
            "How long sales of a partition have waited for earlier ones; 0: none wait.",
            ["partition"],
            registry=registry,
        )

    def wrote(self, reader: str, records: Sequence[Record], unreadable: int, documents: int, seconds: float) -> None:
        """Count a batch that a reader has written."""
        self.errors.labels(reader, "unreadable").inc(unreadable)
        self.batches.labels(reader).inc()
        self.documents.labels(reader).inc(documents)
        self.write.labels(reader).observe(seconds)
        now, latency = time.time(), self.latency.labels(reader)
        for record in records[::SAMPLE_EVERY]:
            if record.timestamp:
                latency.observe(max(0.0, now - record.timestamp))
