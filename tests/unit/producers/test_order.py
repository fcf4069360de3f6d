import gzip
import json
import random
import threading
import time
from types import SimpleNamespace

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producers.replay import sorting as order
from producers.replay.ledger import Ledger
from producers.replay.replay import Replay, ReplayOptions
from producers.replay.sorting import Order, Sorter
from producers.sources.building import Builder, Built
from producers.sources.files import open_file
from producers.sources.mapping import Identity, Mapping, Skip, Time
from producers.sources.rows import Rows
from streams.contract.codec import EARLIEST, decode_event
from streams.contract.errors import DeliveryError, UsageError
from streams.contract.messages import SaleRecorded
from tests.support.publisher import killed_and_resumed

DAY = 86_400
FIRST = 1_700_006_400
MAPPING = Mapping(
    time=Time(("t",), "epoch_seconds"),
    columns={"store": "s", "item": "i", "quantity": "q", "amount": "a"},
    skip=(Skip("q", "nothing sold", equals=("0",)),),
)


def sold(n, *, store, day):
    """Every 9th is nothing sold, every 7th bad; every 5th equals another row of its store and day."""
    quantity = "0" if n % 9 == 0 else "x" if n % 7 == 0 else "1"
    return {"s": store, "i": f"item {n % 5 and n}", "q": quantity, "a": "1.5", "t": str(FIRST + day * DAY + n % 3 * 3600)}


NEWEST_FIRST = [sold(n, store=f"s{n % 4}", day=20 - n // 10) for n in range(200)]
STORE_BY_STORE = [sold(n, store=f"s{n // 50}", day=n % 50) for n in range(200)]
SHUFFLED = random.Random(3).sample(NEWEST_FIRST, len(NEWEST_FIRST))
ORDERS = pytest.mark.parametrize("records", [NEWEST_FIRST, STORE_BY_STORE, SHUFFLED], ids=["newest first", "store by store", "shuffled"])


class Table:
    """Records in runs of 13."""

    name, fingerprint = "table", "1"

    def __init__(self, records, once=False):
        self.records, self.once = records, once

    def count(self):
        return len(self.records)

    def read(self):
        for first in range(0, len(self.records), 13):
            part = self.records[first : first + 13]
            yield Rows(range(first + 1, first + 1 + len(part)), {name: [record[name] for record in part] for name in part[0]})

    def in_order(self):
        """Ids as they are made of the rows in their own order, sorted by time and then by the row's number."""
        builder, found = Builder(MAPPING), []
        for rows in self.read():
            built = builder.build(rows)
            found += [(at, decode_event(raw).event_id) for at, raw in zip(built.times, built.raws, strict=True)]
        return [name for _, name in sorted(found, key=lambda pair: pair[0])]

    @property
    def bad(self):
        return [n + 1 for n, record in enumerate(self.records) if record["q"] == "x"]


def sales(publisher):
    events = [decode_event(raw) for _, raw, _ in publisher.messages]
    return [event for event in events if isinstance(event, SaleRecorded)]


def csv(path, records):
    path.write_text("\n".join([",".join(records[0]), *(",".join(record.values()) for record in records)]))


def csv_gz(path, records):
    csv(path, records)
    path.write_bytes(gzip.compress(path.read_bytes()))


def ndjson(path, records):
    path.write_text("\n".join(map(json.dumps, records)))


def parquet(path, records):
    pq.write_table(pa.Table.from_pylist(records), path)


@pytest.mark.parametrize(("name", "write"), [("s.csv", csv), ("s.csv.gz", csv_gz), ("s.ndjson", ndjson), ("s.parquet", parquet)])
@ORDERS
def test_a_file_in_any_order_is_published_in_the_order_of_time(memory_publisher, tmp_path, name, write, records):
    write(tmp_path / name, records)
    source, said = open_file(tmp_path / name), []
    ledger = Ledger(tmp_path, source, MAPPING)
    result = Replay(source, MAPPING, memory_publisher, ledger=ledger, say=said.append).run()
    times = [sale.sold_at for sale in sales(memory_publisher)]
    assert times == sorted(times)
    assert [sale.event_id for sale in sales(memory_publisher)] == Table(records).in_order()
    assert result.by_time
    assert result.late == 0
    assert result.published + result.bad + sum(result.skipped.values()) == result.rows == len(records)
    assert [json.loads(line)["row"] for line in ledger.bad_path.read_text().splitlines()] == Table(records).bad
    assert len(said) == 1
    assert f"{name} is not in the order of time: row " in said[0]
    assert "sorted by time" in said[0]


def test_rows_of_one_time_stay_in_the_order_of_the_file(memory_publisher):
    mapping = msgspec.structs.replace(MAPPING, event_id=Identity("row", prefix="r"))
    records = [{"s": "s", "i": "i", "q": "1", "a": "1", "t": str(FIRST + (3 - n // 100) * DAY)} for n in range(400)]
    Replay(Table(records), mapping, memory_publisher, options=ReplayOptions(hold_bytes=3_000)).run()
    expected = [f"r{day * 100 + n + 1}" for day in (3, 2, 1, 0) for n in range(100)]
    assert [sale.event_id for sale in sales(memory_publisher)] == expected


@pytest.mark.parametrize("behind", [3_600, 3_601])
def test_what_is_out_of_order_within_the_lateness_is_streamed_as_it_comes(memory_publisher, behind):
    times = [FIRST, FIRST + 9_000, FIRST + 9_000 - behind, FIRST + 9_000]
    records = [{"s": "s", "i": "i", "q": "1", "a": "1", "t": str(at)} for at in times]
    result = Replay(Table(records), MAPPING, memory_publisher, options=ReplayOptions(lateness_seconds=3_600)).run()
    assert result.by_time == (behind > 3_600)
    assert [sale.sold_at for sale in sales(memory_publisher)] == (sorted(times) if behind > 3_600 else times)


def test_the_order_is_looked_at_across_runs_and_past_wrong_dates():
    look = Order(MAPPING, 60.0, FIRST + DAY)

    def rows(first, *times):
        return Rows(range(first, first + len(times)), {name: [str(at) for at in times] for name in ("s", "i", "q", "a", "t")})

    assert look.broken_by(rows(1, FIRST, "soon", EARLIEST - 5, FIRST + 9 * DAY, FIRST + 100)) is None
    assert look.broken_by(rows(6)) is None
    older = look.broken_by(rows(6, "", FIRST + 40, FIRST + 39))
    assert (older.row, older.seconds) == (8, 61.0)
    with pytest.raises(UsageError, match="which the source does not have; it has: x"):
        look.broken_by(Rows([1], {"x": ["1"]}))


@ORDERS
@pytest.mark.parametrize("seed", range(8))
def test_killed_anywhere_and_resumed_a_sorted_replay_goes_on_at_its_place(memory_publisher, tmp_path, monkeypatch, seed, records):
    """Also when the one that goes on holds another number of events in memory, or would have taken the order for good enough."""
    monkeypatch.setattr("producers.replay.sorting.AT_ONCE", 17)
    monkeypatch.setattr("producers.replay.sorting._BLOCK", 3)
    monkeypatch.setattr("producers.replay.replay.SLICE", 5)
    monkeypatch.setattr("producers.replay.replay._SETTLE_SECONDS", 0.0)
    table, chance = Table(records), random.Random(seed)
    ledger = Ledger(tmp_path, table, MAPPING)

    def replay():
        options = ReplayOptions(
            hold_bytes=chance.choice([500, 5_000, 10**9]), sort_folder=tmp_path, lateness_seconds=1e9 if ledger.exists() else 3600.0
        )
        return Replay(table, MAPPING, memory_publisher, ledger=ledger, options=options).run()

    result, kills = killed_and_resumed(memory_publisher, chance, 50, replay)
    sent = [sale.event_id for sale in sales(memory_publisher)]
    expected = table.in_order()
    assert list(dict.fromkeys(sent)) == expected, "in order, none missing"
    assert len(sent) - len(set(sent)) <= 5 * kills, "at most a slice is sent again for a kill"
    assert result.published == len(expected)
    assert result.rows == len(records) == result.published + result.bad + sum(result.skipped.values())
    assert [json.loads(line)["row"] for line in ledger.bad_path.read_text().splitlines()] == table.bad
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ledger.path.name, ledger.bad_path.name]), "no run is left there"


def test_a_replay_that_was_begun_in_the_order_of_the_file_goes_on_in_it(memory_publisher, tmp_path):
    """As one of an older version: its progress counts runs of the file."""
    table = Table(NEWEST_FIRST)
    ledger = Ledger(tmp_path, table, MAPPING)
    first = [decode_event(raw).event_id for raw in Builder(MAPPING).build(next(table.read())).raws]
    ledger.path.write_text(
        json.dumps({"runs": 1, "begun": 1, "rows": 13, "published": len(first), "bad": 2, "skipped": {"nothing sold": 2}})
    )
    result = Replay(table, MAPPING, memory_publisher, ledger=ledger).run()
    assert not result.by_time
    assert result.rows == len(NEWEST_FIRST)
    assert {*first, *(sale.event_id for sale in sales(memory_publisher))} == set(table.in_order())
    assert sales(memory_publisher)[0].sold_at > sales(memory_publisher)[-1].sold_at


def test_what_is_read_but_once_is_not_sorted_and_its_late_rows_are_told_and_counted(memory_publisher, tmp_path, monkeypatch):
    monkeypatch.setattr("producers.replay.replay._SETTLE_SECONDS", 0.0)
    days = [0, 1, 1, 0, 2, 1, 1, *[3] * 19, 0]
    records = [{"s": "s", "i": str(n), "q": "1", "a": "1", "t": str(FIRST + day * DAY)} for n, day in enumerate(days)]
    table, said = Table(records, once=True), []
    ledger = Ledger(tmp_path, table, MAPPING)
    memory_publisher.fail_after = 20
    with pytest.raises(DeliveryError):
        Replay(table, MAPPING, memory_publisher, ledger=ledger, say=said.append).run()
    memory_publisher.fail_after = None
    result = Replay(table, MAPPING, memory_publisher, ledger=ledger, say=said.append).run()
    assert (result.late, result.by_time, result.published) == (4, False, len(days))
    assert [sale.item for sale in sales(memory_publisher)][:13] == [str(n) for n in range(13)]
    assert len(said) == 1
    assert "a row is 24 hours older" in said[0]
    assert "ORDER BY" in said[0]


@pytest.mark.parametrize("after", [1, 6], ids=["at the look", "while it sorts"])
def test_stopped_before_all_is_sorted_it_goes_on(memory_publisher, tmp_path, after):
    stop, table = threading.Event(), Table(NEWEST_FIRST)
    ledger, read, runs = Ledger(tmp_path, table, MAPPING), table.read, []

    def until_stopped():
        for rows in read():
            runs.append(rows)
            if len(runs) == after:
                stop.set()
            yield rows

    table.read = until_stopped
    assert not Replay(table, MAPPING, memory_publisher, ledger=ledger, stop=stop).run().finished
    assert memory_publisher.messages == []
    table.read = read
    result = Replay(table, MAPPING, memory_publisher, ledger=ledger).run()
    assert [sale.event_id for sale in sales(memory_publisher)] == table.in_order()
    assert (result.bad, result.rows) == (len(table.bad), len(NEWEST_FIRST))


@pytest.mark.parametrize("hold_bytes", [0, 50, 300, 10**9])
@pytest.mark.parametrize("seed", range(5))
def test_sorting_in_files_gives_the_same_runs_as_in_memory(tmp_path, monkeypatch, hold_bytes, seed):
    monkeypatch.setattr(order, "AT_ONCE", 10)
    monkeypatch.setattr(order, "_BLOCK", 4)
    chance, number, all_events = np.random.default_rng(seed), 0, []
    with Sorter(hold_bytes, tmp_path) as sorter:
        for _ in range(40):
            times = chance.integers(0, 15, chance.integers(0, 9)).astype(float)
            raws = [str(number + place).encode() for place in range(len(times))]
            number += len(times)
            all_events += zip(times.tolist(), raws, strict=True)
            sorter.add(Built([b"k" + raw for raw in raws], raws, times))
        runs = list(sorter.sorted())
        assert (len(sorter._files) > 0) == (hold_bytes < 10**9), "more than may be held goes to files"
    all_events.sort(key=lambda event: event[0])
    assert [len(run.raws) for run in runs[:-1]] == [10] * (len(runs) - 1)
    assert [event for run in runs for event in zip(run.times.tolist(), run.raws, strict=True)] == all_events
    assert [key for run in runs for key in run.keys] == [b"k" + raw for _, raw in all_events]
    assert not list(tmp_path.iterdir())


def test_where_there_is_no_room_it_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with Sorter(0, tmp_path / "file") as sorter, pytest.raises(UsageError, match=r"cannot be sorted by time in .*file.*Make room"):
        sorter.add(Built([b"k"], [b"raw"], np.zeros(1)))


def test_the_screen_is_told_what_is_waited_for(memory_publisher, monkeypatch):
    clock = iter(range(10**6))
    monkeypatch.setattr("producers.replay.replay.time", SimpleNamespace(time=time.time, monotonic=lambda: float(next(clock))))
    seen = []
    Replay(Table(NEWEST_FIRST), MAPPING, memory_publisher, progress=seen.append).run()
    assert "the rows to be sorted by time, 130 read" in {at.waiting_for for at in seen}
    assert (seen[-1].rows, seen[-1].total, seen[-1].waiting_for) == (200, 200, "")
    rows = [at.rows for at in seen]
    assert rows == sorted(rows)
