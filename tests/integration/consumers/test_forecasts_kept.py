"""Forecasts, plans, scores and drift over a socket: written, read by the charts, and written again."""

import pytest
from pymongo import MongoClient

from charts.queries import forecasts
from charts.queries.database import ReadOnlyDatabase
from charts.queries.summary import scores_shown
from consumers.forecasts.forecasts import ForecastsSink
from consumers.store.port import Change, ContendedError
from streams.contract.documents import COLLECTIONS, PROGRESS
from tests.support.fakes import metrics
from tests.support.shop import a_season, records_of
from tests.support.stand_ins import BEGINNING, documents_in

MESSAGES = a_season(stores=("Berlin", "Oslo"), days=4)


def everything(mongo):
    with MongoClient(mongo.uri.reveal()) as client:
        return {name: {d["_id"]: d for d in client[mongo.database][name].find({})} for name in COLLECTIONS if name != PROGRESS}


def test_a_season_is_kept_read_and_the_same_after_a_replay(mongo):
    with documents_in(mongo) as documents:
        documents.prepare()
        sink = ForecastsSink(documents, metrics())
        sink.start(0, BEGINNING)
        sink.write(records_of(MESSAGES, start=(following := {})))
        kept = everything(mongo)
        sink.forget()
        sink.write(records_of(MESSAGES, start=following))
        assert everything(mongo) == kept
    database = ReadOnlyDatabase(mongo)
    try:
        past = forecasts.past_forecasts(database, "Oslo", "bread", days=2)
        assert [one.day for one in past] == ["2025-01-04", "2025-01-05"]
        last = [m for m in MESSAGES if type(m).__name__ == "ForecastScored" and (m.store, m.horizon) == ("Oslo", "day")][-1]
        assert past[-1].actual == next(row.actual for row in last.items if row.item == "bread")
        assert scores_shown(database, "Oslo")["28_days"]["n"] == 4 * 3
        assert len(forecasts.errors_by_origin(database)["day"]) == 4
        assert [one["store"] for one in forecasts.newest_plans(database)] == ["Berlin", "Oslo"]
        assert len(forecasts.newest_forecasts(database)) == 6
        assert len(forecasts.newest_drifts(database)) == 1
        assert len(forecasts.predictions(database)) == 6
    finally:
        database.close()


def test_a_batch_that_met_another_writer_is_written_when_it_comes_again(mongo):
    with documents_in(mongo) as documents:
        documents.write("item_months", [Change({"_id": "there", "v": 0}, None)])
        with pytest.raises(ContendedError):
            documents.write("item_months", [Change({"_id": "there", "v": 9}, None), Change({"_id": "new", "v": 1}, None)])
        assert documents.read("item_months", ["there"])["there"]["v"] == 0
        v_read = {key: document["v"] for key, document in documents.read("item_months", ["there", "new"]).items()}
        documents.write("item_months", [Change({"_id": key, "v": 9}, v_read.get(key)) for key in ("there", "new")])
        assert {key: d["v"] for key, d in documents.read("item_months", ["there", "new"]).items()} == {"there": 9, "new": 9}


def test_a_merge_replaces_what_is_there_and_adds_what_is_not(mongo):
    with documents_in(mongo) as documents:
        documents.merge("drifts", {"a": {"_id": "a", "n": 1}})
        documents.merge("drifts", {"a": {"_id": "a", "n": 2}, "b": {"_id": "b", "n": 1}})
        assert documents.read("drifts", ["a", "b"]) == {"a": {"_id": "a", "n": 2}, "b": {"_id": "b", "n": 1}}
