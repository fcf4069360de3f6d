"""What `make bench` measures of ours runs on the worker as it is: a benchmark that broke months ago proves nothing."""

import pytest

from tests.bench import bench_stream

EVENTS = 3_000


@pytest.mark.parametrize("job", ["shelfcast", "whole"])
def test_a_job_of_the_benchmark_runs_to_its_end(kafka, job):
    bench_stream.make_output(kafka.settings)
    bench_stream.publish(kafka.settings, bench_stream.events(EVENTS))
    assert bench_stream.run(job, kafka.settings, 0, EVENTS) > 0
