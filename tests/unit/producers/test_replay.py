import json
import random
import threading
import time

import pytest

from producers.replay.ledger import Ledger
from producers.replay.pace import speed_of
from producers.replay.replay import Replay, ReplayOptions
from producers.sources.mapping import Identity, Mapping, Skip, Time
from producers.sources.rows import Rows
from streams.contract.codec import decode_event
from streams.contract.errors import DeliveryError, UsageError
from streams.contract.messages import ClockTicked, SaleRecorded
from tests.support.publisher import killed_and_resumed

MAPPING = Mapping(
    time=Time(("t",), "epoch_seconds"),
    columns={"store": "s", "item": "i", "quantity": "q", "amount": "a"},
    event_id=Identity("row", prefix="r"),
    skip=(Skip("i", "fuel", equals=("fuel",)),),
)


class Table:
    """Rows 1 to n: every 10th is fuel, every 7th bad, in runs of 13; a second apart."""

    name, fingerprint, once = "table", "1", False

    def __init__(self, n=200):
        self.n = n

    def count(self):
        return self.n

    def read(self):
        for first in range(1, self.n + 1, 13):
            numbers = range(first, min(first + 13, self.n + 1))
            yield Rows(
                numbers,
                {
                    "s": [f"s{n % 3}" for n in numbers],
                    "i": ["fuel" if n % 10 == 0 else "milk" for n in numbers],
                    "q": ["x" if n % 7 == 0 else "1" for n in numbers],
                    "a": ["1.5"] * len(numbers),
                    "t": [str(1_700_000_000 + n) for n in numbers],
                },
            )

    @property
    def good(self):
        return [f"r{n}" for n in range(1, self.n + 1) if n % 7 and n % 10]


def sales(publisher):
    events = [decode_event(raw) for _, raw, _ in publisher.messages]
    return [event.event_id for event in events if isinstance(event, SaleRecorded)]


def test_everything_is_published_skipped_or_written_to_the_bad_file(memory_publisher, tmp_path):
    table = Table()
    ledger = Ledger(tmp_path, table, MAPPING)
    seen = []
    result = Replay(table, MAPPING, memory_publisher, ledger=ledger, progress=seen.append).run()
    assert sales(memory_publisher) == table.good
    assert result.published + result.bad + sum(result.skipped.values()) == result.rows == 200
    bad = [json.loads(line) for line in ledger.bad_path.read_text().splitlines()]
    assert [row["row"] for row in bad] == [n for n in range(1, 201) if n % 7 == 0 and n % 10]
    assert all("'x'" in row["sentence"] for row in bad)
    assert (seen[-1].published, seen[-1].total) == (result.published, 200)


def test_the_last_day_is_closed_by_a_tick_for_every_store(memory_publisher):
    result = Replay(Table(), MAPPING, memory_publisher).run()
    ticks = [decode_event(raw) for _, raw, _ in memory_publisher.messages[-3:]]
    assert all(isinstance(tick, ClockTicked) for tick in ticks)
    assert {tick.store for tick in ticks} == {"s0", "s1", "s2"}
    assert {tick.at for tick in ticks} == {1_700_000_199 + 86_400 + 3_600}
    assert result.ticks == 3


def test_a_tick_never_lies_in_the_future(memory_publisher):
    class Now(Table):
        def read(self):
            yield Rows([1], {"s": ["s"], "i": ["i"], "q": [1.0], "a": [1.0], "t": [str(int(time.time()))]})

    Replay(Now(), MAPPING, memory_publisher).run()
    assert decode_event(memory_publisher.messages[-1][1]).at <= time.time()


def test_a_limit_stops_exactly_and_counts_events_not_rows(memory_publisher):
    result = Replay(Table(), MAPPING, memory_publisher, options=ReplayOptions(limit=50, close_days=False)).run()
    assert sales(memory_publisher) == Table().good[:50]
    assert (result.published, result.finished) == (50, True)


@pytest.mark.parametrize("seed", range(25))
def test_killed_anywhere_and_resumed_nothing_is_lost_and_every_bad_row_is_written_once(memory_publisher, tmp_path, monkeypatch, seed):
    """A kill is a publisher that breaks: what the ledger has not noted is as good as forgotten."""
    monkeypatch.setattr("producers.replay.replay.SLICE", 5)
    monkeypatch.setattr("producers.replay.replay._SETTLE_SECONDS", 0.0)
    table, chance = Table(), random.Random(seed)
    ledger = Ledger(tmp_path, table, MAPPING)
    replay = lambda: Replay(table, MAPPING, memory_publisher, ledger=ledger).run()  # noqa: E731
    result, kills = killed_and_resumed(memory_publisher, chance, 60, replay)
    sent = sales(memory_publisher)
    assert list(dict.fromkeys(sent)) == table.good, "in order, none missing"
    assert len(sent) - len(set(sent)) <= 5 * kills, "at most a slice is sent again for a kill"
    assert (result.published, result.skipped) == (len(table.good), {"fuel": 20})
    assert [json.loads(line)["row"] for line in ledger.bad_path.read_text().splitlines()] == [
        n for n in range(1, 201) if n % 7 == 0 and n % 10
    ]
    before = len(memory_publisher.messages)
    memory_publisher.fail_after = None
    Replay(table, MAPPING, memory_publisher, ledger=ledger).run()
    assert len(memory_publisher.messages) == before, "a finished replay sends nothing more"


def test_what_kafka_did_not_take_is_not_noted_and_stops_the_replay(memory_publisher, tmp_path):
    ledger = Ledger(tmp_path, Table(), MAPPING)
    memory_publisher.away = True
    with pytest.raises(DeliveryError, match="acknowledged 0 of"):
        Replay(Table(), MAPPING, memory_publisher, ledger=ledger).run()
    assert ledger.read().published == 0


def test_stopped_it_settles_and_says_that_it_is_not_finished(memory_publisher, tmp_path, monkeypatch):
    monkeypatch.setattr("producers.replay.replay.SLICE", 5)
    stop, ledger = threading.Event(), Ledger(tmp_path, Table(), MAPPING)
    stopped = Replay(
        Table(), MAPPING, memory_publisher, ledger=ledger, stop=stop, lag=lambda: stop.set() or 0, options=ReplayOptions(max_lag=20)
    ).run()
    assert not stopped.finished
    assert 0 < stopped.published < 100
    rest = Replay(Table(), MAPPING, memory_publisher, ledger=ledger).run()
    assert rest.finished
    assert sales(memory_publisher) == Table().good


def test_it_waits_for_consumers_that_lag(memory_publisher):
    behind = [0]

    def lag():
        behind[0] += 1
        return len(memory_publisher.messages) if behind[0] % 3 else 0

    most = []
    original = memory_publisher.publish_all
    memory_publisher.publish_all = lambda *a, **k: most.append(len(a[0])) or original(*a, **k)
    result = Replay(Table(), MAPPING, memory_publisher, lag=lag, options=ReplayOptions(max_lag=10, close_days=False)).run()
    assert result.published == len(Table().good)
    assert max(most) <= 10
    assert behind[0] >= result.published // 10


def test_the_clock_is_accelerated(memory_publisher):
    began = time.monotonic()
    Replay(Table(), MAPPING, memory_publisher, options=ReplayOptions(speed=400.0)).run()
    assert 0.45 < time.monotonic() - began < 2.0
    assert sales(memory_publisher) == Table().good


@pytest.mark.parametrize(("text", "speed"), [("max", None), ("600x", 600.0), ("1x", 1.0), ("0.5", 0.5)])
def test_speeds(text, speed):
    assert speed_of(text) == speed


@pytest.mark.parametrize("text", ["fast", "0x", "-1x", ""])
def test_wrong_speeds_are_told(text):
    with pytest.raises(UsageError, match="600x"):
        speed_of(text)


def test_a_damaged_progress_file_is_told(tmp_path):
    ledger = Ledger(tmp_path, Table(), MAPPING)
    ledger.path.write_bytes(b"{")
    with pytest.raises(UsageError, match="Delete it"):
        ledger.read()
