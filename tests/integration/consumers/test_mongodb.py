"""The database over a socket: guarded writes, identity of the log, and what happens while it is away."""

import os
import time
import uuid

import pytest
from pymongo import MongoClient

from consumers.runtime.identity import settle_identity
from consumers.statistics.statistics import StatisticsSink
from consumers.store.port import Change, ContendedError
from streams.contract.documents import COLLECTIONS
from streams.contract.errors import ServerError, UsageError
from streams.contract.settings import MongoSettings, Secret
from streams.contract.topics import ACCEPTED
from tests.support.fakes import metrics
from tests.support.shop import accepted, records_of, sales_of
from tests.support.stand_ins import BEGINNING, MongoStandIn, documents_in


@pytest.fixture
def documents(mongo):
    with documents_in(mongo) as documents:
        documents.prepare()
        yield documents


def test_a_write_counts_only_over_what_was_read(documents):
    one = {"_id": "['$a.b','\u202e\u05e9\u05dc']", "v": 5, "n": 2**62 + 1}
    documents.write("item_months", [Change(one, None)])
    with pytest.raises(ContendedError):
        documents.write("item_months", [Change(one | {"v": 7}, None)])
    with pytest.raises(ContendedError):
        documents.write("item_months", [Change(one | {"v": 7}, 4)])
    assert documents.read("item_months", [one["_id"], "absent"]) == {one["_id"]: one}
    documents.write("item_months", [Change(one | {"v": 7}, 5)])
    assert documents.read("item_months", [one["_id"]])[one["_id"]]["v"] == 7


def test_hostile_names_and_sums_beyond_64_bits_come_back_as_they_were(documents, helpers):
    hostile = "$where: 'x' . \"\\ ../\U0001f600 \u202e 牛奶"
    sink = StatisticsSink(documents, metrics())
    sink.start(0, BEGINNING)
    sink.write(records_of([accepted(n, store=hostile, item="$" + hostile, revenue_micros=2**62) for n in range(1, 5)]))
    [document] = documents.each("item_months", ("store", "item", "days"))
    assert (document["store"], document["item"]) == (hostile, "$" + hostile)
    assert helpers.totals([document])["revenue_micros"] == 2**64


def test_documents_of_another_log_are_refused_or_dropped(documents):
    settle_identity(documents, "log one", drop_other=False)
    settle_identity(documents, "log one", drop_other=False)
    documents.merge("drifts", {"d": {"_id": "d"}})
    with pytest.raises(UsageError, match="MONGODB_DATABASE"):
        settle_identity(documents, "log two", drop_other=False)
    assert documents.read("drifts", ["d"])
    settle_identity(documents, "log two", drop_other=True)
    assert not any(True for name in COLLECTIONS if name != "log" for _ in documents.each(name, ("_id",)))
    settle_identity(documents, "log two", drop_other=False)


def test_an_absent_server_is_a_sentence():
    with documents_in(MongoSettings(Secret("mongodb://user:secret@127.0.0.1:9"))) as documents:
        with pytest.raises(ServerError, match="that MongoDB runs") as raised:
            documents.read("log", ["log"])
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize("mongo", ["first server"], indirect=True)
@pytest.mark.skipif("MONGODB_URI" in os.environ, reason="a database that was named is not ours to kill")
def test_with_the_database_away_nothing_is_lost(tmp_path, consume, publish, helpers):
    stand_in = MongoStandIn(tmp_path)
    settings = MongoSettings(Secret(f"mongodb://127.0.0.1:{stand_in.port}"), f"away_{uuid.uuid4().hex[:6]}")
    sales = sales_of(2000, seed=3)
    log = tmp_path / "consumer.log"
    with log.open("wb") as out:
        child = consume(settings=settings, log=out)  # it waits for a database that was never there
        publish(ACCEPTED, sales[:1000])
        time.sleep(1.0)
        stand_in.start()
        try:
            with MongoClient(settings.uri.reveal()) as client:
                progress = client[settings.database]["progress"]
                assert helpers.eventually(lambda: sum(d["seq"] for d in progress.find({"reader": "statistics"})) == 1000)
                stand_in.kill()
                publish(ACCEPTED, sales[1000:])
                time.sleep(4.0)
                assert child.poll() is None
                stand_in.start()
                assert helpers.eventually(lambda: sum(d["seq"] for d in progress.find({"reader": "statistics"})) == 2000)
                found, expected = helpers.totals(client[settings.database]["store_months"].find({})), helpers.truth(sales)
            assert {name: found[name] for name in expected} == expected
            child.terminate()
            assert child.wait(15) == 0
        finally:
            stand_in.kill()
    assert b"MongoDB" in log.read_bytes()
    assert log.read_bytes().count(b"\n") < 20
