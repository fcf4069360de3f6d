import random
from datetime import date

from prometheus_client import CollectorRegistry

from consumers.forecasts.forecasts import ForecastsSink
from consumers.forecasts.newest import number_of
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.sink import Record
from streams.contract.documents import COLLECTIONS, PROGRESS, document_id
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import a_season, drift, forecast, forecast_of_today, plan, records_of, score
from tests.support.stand_ins import BEGINNING


def sink_on(documents, our_metrics=None):
    sink = ForecastsSink(documents, our_metrics or metrics())
    sink.start(0, BEGINNING)
    return sink


def milk(documents):
    return documents.collections["forecasts"][document_id("Berlin", "milk")]


def test_the_newest_forecast_stands_and_todays_apart_from_it():
    documents = MemoryDocuments()
    sink = sink_on(documents)
    following = {}
    sink.write(records_of([forecast(5, mean=1.0), forecast_of_today(6), forecast(7, mean=3.0)], start=following))
    sink.write(records_of([forecast(6, mean=2.0)], start=following))
    assert milk(documents)["close"]["horizons"][0]["mean"] == 3.0
    assert milk(documents)["today"]["horizons"][0]["horizon"] == "today"
    assert milk(documents)["today"]["sold_so_far"] == 9.0


def test_of_one_offset_the_higher_number_is_newer():
    documents = MemoryDocuments()
    sink_on(documents).write(records_of([forecast(5, 10, mean=10.0), forecast(5, 9, mean=9.0)]))
    assert milk(documents)["close"]["horizons"][0]["mean"] == 10.0


def test_a_batch_writes_each_document_once():
    documents = MemoryDocuments()
    sink_on(documents).write(records_of([forecast(n) for n in range(1, 200)]))
    assert documents.writes == 2  # the forecast and the progress


def test_any_cut_and_repetition_gives_the_same_documents():
    messages = a_season(days=20)
    whole = MemoryDocuments()
    sink_on(whole).write(records_of(messages))
    for seed in range(10):
        rng = random.Random(seed)
        documents = MemoryDocuments()
        sink, following, at = sink_on(documents), {}, 0
        while at < len(messages):
            end = at + rng.randrange(1, 60)
            sink.write(records_of(messages[max(0, at - rng.randrange(40)) : end], start=following))
            at = end
        for name in set(COLLECTIONS) - {PROGRESS}:
            mine, theirs = documents.collections.get(name, {}), whole.collections.get(name, {})
            assert {k: d | {"v": 0} for k, d in mine.items()} == {k: d | {"v": 0} for k, d in theirs.items()}


def test_scores_are_kept_whole_and_as_sums_by_month():
    documents = MemoryDocuments()
    one, other = score(5, date(2025, 1, 31)), score(6, date(2025, 2, 1))
    sink_on(documents).write(records_of([one, other]))
    kept = documents.collections["scores"][document_id("Berlin", "day", "2025-01-31")]
    assert kept["items"]["item"] == ["milk", "bread"]
    assert kept["items"]["actual"] == [row.actual for row in one.items]
    months = documents.collections["score_months"]
    assert months[document_id("Berlin", "day", "2025-02")]["origins"]["01"][:2] == [2, other.actual]


def test_the_newest_plan_of_a_shelf_stands():
    documents = MemoryDocuments()
    sink_on(documents).write(records_of([plan(9, {"milk": 3.0}), plan(8, {"bread": 3.0})]))
    [kept] = documents.collections["plans"].values()
    assert kept["plan"]["items"][0]["item"] == "milk"
    assert kept["plan"]["changed"] is True


def test_every_outcome_is_counted():
    registry = CollectorRegistry()
    sink = sink_on(MemoryDocuments(), ConsumerMetrics(registry))
    following = {}
    sink.write(records_of([forecast(5), forecast(6), drift(6)], start=following))
    sink.write([*records_of([forecast(5)], start=following), Record(0, 99, 0.0, b"{nonsense")])

    def count(outcome):
        return registry.get_sample_value("shelfcast_consumer_events_total", {"reader": "forecasts", "outcome": outcome})

    assert [count(o) for o in ("applied", "superseded", "repeated", "unreadable")] == [2, 1, 1, 1]


def test_the_number_of_an_id():
    assert [number_of(text) for text in ("3-99-12", "odd", "a-b", "1-2-²")] == [12, 0, 0, 0]


def arrays_in_arrays(value, path=""):
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in arrays_in_arrays(inner, f"{path}.{key}")]
    if isinstance(value, list | tuple):
        found = [path for inner in value if isinstance(inner, list | tuple)]
        return found + [one for inner in value for one in arrays_in_arrays(inner, f"{path}[]")]
    return []


def test_no_document_holds_an_array_in_an_array():
    documents = MemoryDocuments()
    sink_on(documents).write(records_of([*a_season(days=3), forecast_of_today(999)]))
    found = {name: arrays_in_arrays(document) for name, held in documents.collections.items() for document in held.values()}
    assert {name: where for name, where in found.items() if where} == {}
