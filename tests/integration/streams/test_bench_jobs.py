"""What `make bench` measures of ours runs on the worker as it is: a benchmark that broke months ago proves nothing."""

import pytest

from tests.bench import bench_stream
from tests.bench.latency import CLOSING_ITEMS, latency

EVENTS = 3_000


@pytest.mark.parametrize("job", ["shelfcast", "whole"])
def test_a_job_of_the_benchmark_runs_to_its_end(kafka, job):
    bench_stream.make_output(kafka.settings)
    bench_stream.publish(kafka.settings, bench_stream.events(EVENTS))
    assert bench_stream.run(job, kafka.settings, 0, EVENTS) > 0


def test_latency_is_measured_of_every_sale_while_a_large_store_closes_a_day(kafka):
    (found,) = latency(kafka.settings, {"200": 200.0}, 3.0).values()
    assert found["n"] == 600
    assert 0 < found["p50_seconds"] <= found["p99_seconds"] <= found["max_seconds"]
    assert found["forecasts"] >= CLOSING_ITEMS
