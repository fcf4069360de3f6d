"""The demo waits for consumers as long as they come on, and no longer."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from deploy.demo import run
from deploy.demo.run import Demo, DemoOptions
from streams.contract.errors import ServerError

SCREEN = SimpleNamespace(show=lambda view: None)


@pytest.fixture
def demo(monkeypatch, tmp_path):
    clock = [0.0]
    monkeypatch.setattr(run, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=lambda _: clock.__setitem__(0, clock[0] + 50)))
    demo = Demo(DemoOptions(tmp_path, tmp_path), Console(file=io.StringIO()))
    yield demo
    demo.close()


def meter(*lags):
    left = list(lags)
    return SimpleNamespace(by_group=lambda: left.pop(0) if len(left) > 1 else left[0])


def test_consumers_that_come_on_slowly_are_waited_for(demo):
    worker = [{"worker": lag, "statistics": 0} for lag in range(60_000, 0, -6_000) for _ in range(2)]
    statistics = [{"worker": 0, "statistics": lag} for lag in (60_000, 30_000, 0, 0)]
    demo._settle(meter(*worker, *statistics), SCREEN)
    assert run.time.monotonic() > 5 * run.SETTLE_SECONDS


def test_consumers_that_stand_still_are_given_up(demo):
    with pytest.raises(ServerError, match=r"made no progress in 120 s.*logs"):
        demo._settle(meter({"worker": 60_000}, {"worker": 59_000}), SCREEN)
    assert run.time.monotonic() == 50 + 150
