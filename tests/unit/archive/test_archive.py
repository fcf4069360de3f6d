"""Each message takes effect once in the archive, whatever fails; what is made from it is what the log gives."""

import random

import pytest

pytest.importorskip("deltalake")

from consumers.archive import table as archive_table
from consumers.archive.quality import held
from consumers.archive.rebuild import partitions_in, state_of, write_documents
from consumers.archive.rows import TABLES
from consumers.archive.sink import ArchiveSink
from consumers.archive.table import ArchiveTable
from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.sink import Record
from consumers.statistics.statistics import StatisticsSink
from consumers.store.port import ContendedError
from streams.contract.errors import LogTruncatedError, ServerError, UsageError
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS, REJECTED
from streams.kafka.ends import LogEnds
from streams.kafka.rights import ARCHIVE_TABLES
from streams.processor.letters import letter_of
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.support.fakes import MemoryDocuments, metrics
from tests.unit.streams.logs import MONDAY, PARTITIONS, log_of, sale

RULES = Rules(dedupe_window=1000)


@pytest.fixture(scope="module")
def topics():
    """A partition's topics after some days, with a repeat, a refused event, and what a zombie left: repeats and a sale too early."""
    events = [sale(i, item=f"i{i % 3}", sold_at=MONDAY + i * 3000, order_id=f"o{i // 2}") for i in range(60)]
    log = log_of(*events[:30], b"?", events[3], *events[30:], timestamp=(MONDAY + 4 * 86_400) * 1000)
    processor = Processor(RULES, 1, PARTITIONS)
    out = processor.apply(log)
    accepted = [value for _, value in out.accepted]
    accepted = [*accepted[:20], *accepted[15:25], accepted[30], *accepted[25:]]
    letters = [letter_of(dead, 1) for dead in out.rejected]
    found = {
        EVENTS: [Record(1, r.offset, r.timestamp / 1000, r.value, r.key) for r in log],
        ACCEPTED: [Record(1, i, MONDAY + 0.5, value) for i, value in enumerate(accepted)],
        FORECASTS: [Record(1, i, MONDAY + 0.5, value) for i, (_, value) in enumerate(out.forecasts)],
        REJECTED: [Record(1, i, MONDAY, a.value, a.key, tuple(a.headers)) for i, a in enumerate(letters)],
    }
    return found, processor


def sink_of(place, kept, compact_commits=1000):
    return ArchiveSink(ArchiveTable(str(place), kept), metrics(), compact_commits)


def archived(place, found, cuts=(1000,)):
    for kept in TABLES:
        sink, records = sink_of(place, kept), found[kept.topic]
        for cut in cuts:
            start = sink.start(1, LogEnds(0, len(records)))
            if records[start : start + cut]:
                sink.write(records[start : start + cut])


@pytest.fixture(scope="module")
def place(topics, tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    archived(folder, topics[0], (40, 1000))
    return str(folder)


def test_the_state_made_from_it_has_the_bytes_of_the_logs(place, topics):
    assert partitions_in(place) == [1]
    assert state_of(place, 1, PARTITIONS, RULES).dump() == topics[1].dump()


def test_the_documents_made_from_it_are_the_consumers(place, topics):
    found, _ = topics
    live, again = MemoryDocuments(), MemoryDocuments()
    for sink in (StatisticsSink(live, metrics()), ForecastsSink(live, metrics())):
        sink.start(1, LogEnds(0, 1000))
        sink.write(found[sink.topic])
    told = write_documents(place, again, metrics())
    assert told == {"sales": 60, "forecasts": len(found[FORECASTS])}
    assert again.collections == live.collections


def test_duckdb_reads_it(place, topics):
    duckdb = pytest.importorskip("duckdb")
    tables = {kept.name: ArchiveTable(place, kept).open().to_pyarrow_dataset() for kept in TABLES}
    with duckdb.connect() as connection:
        for name, data in tables.items():
            connection.register(name, data)
        rows = connection.execute("select count(*), sum(revenue_micros), max(seq), min(date) from sales").fetchone()
        assert rows == (60, 60 * 2_780_000, 60, "2024-12-30")
        assert connection.execute("select count(*) from events").fetchone() == (62,)
        assert connection.execute("select reason, source_offset from dead_letters").fetchall() == [("not_json", 30)]


def test_the_refused_events_are_counted(place):
    told = held(place)
    assert told["events"]["rows"] == 62
    assert told["refused"] == [{"reason": "not_json", "date": "2024-12-30", "events": 1}]


@pytest.mark.parametrize("seed", range(2))
def test_commits_that_fail_or_are_not_answered_change_nothing(topics, tmp_path, monkeypatch, seed):
    chance, written = random.Random(seed), archive_table.write_deltalake

    def shaky(*args, **more):
        how = chance.random()
        if how < 0.3:
            raise OSError("before")
        written(*args, **more)
        if how < 0.6:
            raise OSError("after")

    monkeypatch.setattr(archive_table, "write_deltalake", shaky)
    records, kept = topics[0][ACCEPTED], TABLES[1]
    sink = sink_of(tmp_path, kept)
    while (start := sink.start(1, LogEnds(0, 100))) < len(records):
        batch = records[start : start + chance.randint(5, 30)]
        try:
            sink.write(batch)
        except ServerError:
            if chance.random() < 0.5:
                sink = sink_of(tmp_path, kept)  # killed
    rows = ArchiveTable(str(tmp_path), kept).open().to_pyarrow_table(columns=["seq"])
    assert sorted(rows["seq"].to_pylist()) == list(range(1, 61))


def test_a_process_that_was_overtaken_writes_nothing(topics, tmp_path, monkeypatch):
    records, kept = topics[0][EVENTS], TABLES[0]
    first, second = sink_of(tmp_path, kept), sink_of(tmp_path, kept)
    for sink in (first, second):
        sink.start(1, LogEnds(0, 100))
    written = archive_table.write_deltalake

    def overtaken(*args, **more):
        monkeypatch.setattr(archive_table, "write_deltalake", written)
        second.write(records[:20])
        written(*args, **more)

    monkeypatch.setattr(archive_table, "write_deltalake", overtaken)
    with pytest.raises(ContendedError):
        first.write(records[:10])
    first.write(records[:30])  # as after going back: what is there already is passed over
    assert ArchiveTable(str(tmp_path), kept).open().count() == 30


def test_small_files_are_joined_and_nothing_is_lost(topics, tmp_path):
    records, kept = topics[0][EVENTS], TABLES[0]
    sink = sink_of(tmp_path, kept, compact_commits=4)
    sink.start(1, LogEnds(0, 100))
    for start in range(0, 60, 10):
        sink.write(records[start : start + 10])
        sink.tick()
    table = ArchiveTable(str(tmp_path), kept)
    assert len(table.open().file_uris()) < 4
    assert table.open().count() == 60
    assert table.progress(1) == (60, 0)


def test_another_log_is_not_added_to_it(place):
    with pytest.raises(LogTruncatedError, match="another log"):
        sink_of(place, TABLES[0]).start(1, LogEnds(0, 5))
    with pytest.raises(LogTruncatedError, match="retention"):
        sink_of(place, TABLES[0]).start(1, LogEnds(900, 1000))


def test_an_archive_without_its_beginning_makes_no_state(topics, tmp_path):
    sink = sink_of(tmp_path, TABLES[0])
    assert sink.start(1, LogEnds(10, 62)) == 10
    sink.write(topics[0][EVENTS][10:])
    with pytest.raises(UsageError, match="from 10 on"):
        state_of(str(tmp_path), 1, PARTITIONS, RULES)


def test_each_table_is_named_where_rights_are_told():
    assert [kept.name for kept in TABLES] == list(ARCHIVE_TABLES)


def test_where_there_is_no_archive_it_says_so(tmp_path):
    with pytest.raises(UsageError, match="There is no archive"):
        partitions_in(str(tmp_path / "nothing"))
