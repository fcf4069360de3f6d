"""The composition's small parts: documents, loggers, screen, worker figures, connection."""

import io

import pytest
from prometheus_client import CollectorRegistry, start_http_server
from rich.console import Console

from deploy import docs
from deploy.connection import servers
from deploy.demo.figures import WorkerFigures, read_worker
from deploy.demo.screen import Screen, View, sparkline
from deploy.embedded import stack
from deploy.embedded.mongo import free_port
from streams.contract.errors import ServerError, SettingsError
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from streams.runtime.metrics import WorkerMetrics
from tests.unit.streams.logs import PARTITIONS, log_of
from tests.unit.streams.test_heart import a_week


def test_a_broken_link_and_an_unknown_command_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    (tmp_path / "there.md").write_text("x")
    (tmp_path / "a.md").write_text("[x](there.md) [y](gone.md) [z](https://e.org) `shelfcast doctor` `shelfcast dance`")
    assert docs.broken(tmp_path / "a.md") == ["a.md: there is no gone.md", "a.md: there is no command `shelfcast dance`"]


def test_the_settings_table_names_every_variable_once():
    rows = docs.settings_table().splitlines()
    assert len(rows) == len(set(rows))
    assert any("SHELFCAST_DEDUPE_WINDOW" in row for row in rows)


def test_a_row_of_bars_ends_with_the_newest():
    assert sparkline([]) == ""
    assert sparkline([0.0, 0.0]) == ""
    assert sparkline([1.0, 2.0, 4.0]) == "▂▄█"
    assert len(sparkline([1.0] * 1000)) <= 48


@pytest.mark.parametrize("terminal", [True, False])
def test_the_screen_shows_the_error_beside_the_baseline(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=200)
    worker = WorkerFigures({"learned": 1234}, {("day", "shelfcast"): 0.4, ("day", "same_weekday_mean"): 0.5}, {"day": 99})
    view = View(phase="replaying", rows=5, total=10, published=5, worker=worker, plan=[("milk [bold]", 2.0, 50.0)], history=[(0.5, 0.5)])
    with Screen(console) as screen:
        screen.show(view)
        if terminal:
            screen._live.refresh()
    shown = console.file.getvalue()
    assert "0.400" in shown
    assert "0.500" in shown
    assert "1,234" in shown


def test_the_workers_metrics_are_read_over_http():
    registry, port = CollectorRegistry(), free_port()
    metrics, processor = WorkerMetrics(registry), Processor(Rules(), 1, PARTITIONS)
    out = processor.apply(log_of(*a_week(30)))
    metrics.applied({}, processor, out, 10, 0.1, 0)
    metrics.read([processor])
    server, thread = start_http_server(port, "127.0.0.1", registry)
    try:
        figures = read_worker(port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert figures.log["accepted"] == figures.log["learned"] == processor.seq == 180
    assert figures.log["forecasts"] == processor.counts["forecasts"] > 0
    assert figures.series == 2
    ours, bar = figures.error("day")
    assert ours > 0
    assert bar > 0


def test_a_worker_that_does_not_answer_is_none():
    assert read_worker(free_port()) is None


def test_one_named_server_without_the_other_is_refused(monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.delenv("MONGODB_URI", raising=False)
    with pytest.raises(SettingsError, match="MONGODB_URI is not"):
        servers(None)


def test_a_data_directory_that_cannot_be_is_said(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ServerError, match="--data-dir"):
        stack.start(file / "below")


def test_a_second_owner_of_a_data_directory_joins_or_is_refused(tmp_path):
    first = stack.start(tmp_path)
    try:
        assert stack.join(tmp_path) == first.addresses
        assert not first.dead()
        with pytest.raises(ServerError, match="Another process"):
            stack.start(tmp_path)
    finally:
        first.stop()
    assert stack.join(tmp_path) is None
