"""Plans and scores that came in several parts: kept a part a document, read as one."""

from datetime import date

import bson
import pytest

from charts.queries.forecasts import incomplete, newest_plans, past_forecasts
from consumers.forecasts.forecasts import ForecastsSink
from streams.contract.errors import ServerError
from streams.processor.parts import in_parts
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import day_after, plan, records_of, score
from tests.support.stand_ins import BEGINNING

NAMES = {f"{n:05} \N{SHOPPING TROLLEY}": 1.0 + n for n in range(300)}
BOUND = 5000


def parts_of(message):
    parts = list(in_parts(message, BOUND))
    assert len(parts) > 1
    return parts


def sink_on(documents):
    sink = ForecastsSink(documents, metrics())
    sink.start(0, BEGINNING)
    return sink


def items_of(plans):
    [found] = plans
    return {one["item"]: one["predicted_sales"] for one in found["items"]}


def test_a_plan_in_parts_is_read_as_one():
    documents = MemoryDocuments()
    sink_on(documents).write(records_of(parts_of(plan(5, NAMES))))
    [found] = newest_plans(documents, "Berlin")
    assert list(items_of([found])) == list(NAMES)
    assert found["reasons"]
    assert incomplete(found) == ""


def test_one_that_misses_a_part_says_so():
    documents = MemoryDocuments()
    first, _, *others = parts_of(plan(5, NAMES))
    sink_on(documents).write(records_of([first, *others]))
    [found] = newest_plans(documents)
    assert found["missing_parts"] == [2]
    assert f"part 2 of {found['parts']} not there" in incomplete(found)


@pytest.mark.parametrize("newer", [NAMES, {"milk": 1.0}])
def test_parts_of_an_older_plan_are_no_parts_of_a_newer_one(newer):
    documents = MemoryDocuments()
    sink, following = sink_on(documents), {}
    sink.write(records_of(parts_of(plan(5, NAMES)), start=following))
    first = next(in_parts(plan(6, newer), BOUND))
    sink.write(records_of([first], start=following))
    [found] = newest_plans(documents)
    assert len(found["items"]) == len(first.items)
    assert found.get("missing_parts", []) == list(range(2, first.parts + 1))


def test_repeats_in_any_cut_change_nothing():
    messages = [*parts_of(plan(5, NAMES)), *parts_of(score(5, date(2025, 1, 1), items=tuple(NAMES))), *parts_of(plan(6, NAMES))]
    whole = MemoryDocuments()
    sink_on(whole).write(records_of(messages))
    for cut in range(1, len(messages)):
        documents, following = MemoryDocuments(), {}
        sink = sink_on(documents)
        sink.write(records_of(messages[:cut], start=following))
        sink.write(records_of(messages, start=following))
        assert newest_plans(documents) == newest_plans(whole)
        for name in ("scores", "score_months"):
            assert documents.collections[name].keys() == whole.collections[name].keys()


def test_a_database_that_went_away_between_two_parts_has_the_older_plan_or_says_what_misses():
    older, newer = parts_of(plan(5, NAMES)), parts_of(plan(6, dict.fromkeys(NAMES, 7.0)))
    for writes in range(len(newer)):
        documents, following = MemoryDocuments(), {}
        sink = sink_on(documents)
        sink.write(records_of(older, start=following))
        documents.fail_after = writes
        with pytest.raises(ServerError):
            sink.write(records_of(newer, start=following))
        [found] = newest_plans(documents)
        assert bool(incomplete(found)) is (writes > 0)
        assert {one["predicted_sales"] for one in found["items"]} != {7.0}, "an older plan's head with newer parts"
        documents.fail_after = None
        sink.forget()
        sink.write(records_of(newer, start=following))
        assert set(items_of(newest_plans(documents)).values()) == {7.0}


def test_an_item_of_a_later_part_has_its_past_and_the_sums_count_once():
    documents = MemoryDocuments()
    days = [score(5 + n, date(2025, 1, 1 + n), items=tuple(NAMES)) for n in range(20)]
    sink_on(documents).write(records_of([part for day in days for part in parts_of(day)]))
    assert len(past_forecasts(documents, "Berlin", list(NAMES)[-1])) == 20
    past = past_forecasts(documents, "Berlin", next(iter(NAMES)), days=4)
    assert [one.day for one in past] == [day_after(n) for n in range(17, 21)]
    [month] = documents.collections["score_months"].values()
    assert month["total"][0] == 20 * len(NAMES)


def test_a_document_is_far_below_what_mongodb_takes():
    names = {f"{n:08}" + "\N{SHOPPING TROLLEY}" * 120: 1.0 for n in range(2500)} | {f"{n}": 1.0 for n in range(5000)}
    documents = MemoryDocuments()
    sink_on(documents).write(records_of(in_parts(plan(5, names))))
    held = [document for name in ("plans", "plan_parts") for document in documents.collections[name].values()]
    assert max(len(bson.encode(document)) for document in held) < 1_000_000
