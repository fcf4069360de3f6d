"""A processor that is observed learns and keeps what one that publishes does; one that is let go is freed at once."""

import gc
import weakref

from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import PARTITIONS, log_of
from tests.unit.streams.test_heart import a_week


def test_an_observed_state_is_the_published_one_at_every_close():
    log = log_of(*a_week())
    seen = []
    plain, observed = Processor(Rules(), 1, PARTITIONS), Processor(Rules(), 1, PARTITIONS)
    observed.observe(lambda store, day, closed: seen.append((store.closed_run, day, len(closed.rows))))
    published = 0
    for record in log:
        published += len(plain.apply([record]).forecasts)
        assert not [raw for _, raw in observed.apply([record]).forecasts if b'"today"' not in raw and b"predicted-totals" not in raw]
        assert observed.dump() == plain.dump()
    assert seen
    assert published


def test_a_heart_is_freed_without_the_collector():
    gc.disable()
    try:
        processor = Processor(Rules(), 1, PARTITIONS)
        processor.apply(log_of(*a_week()))
        processor = Processor.load(processor.dump(), Rules(), 1, PARTITIONS)
        gone = weakref.ref(processor)
        del processor
        assert gone() is None
    finally:
        gc.enable()
