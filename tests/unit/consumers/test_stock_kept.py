"""What is told of stock, from the log through the processor into documents, and out of them as numbers and a picture."""

import pytest

from charts.figures.gallery import CHARTS, Question
from charts.queries.sales import Period
from charts.queries.stock import lost_sales
from charts.queries.summary import summary
from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.sink import Record
from consumers.statistics.statistics import StatisticsSink
from streams.contract.codec import decode_output
from streams.contract.documents import LOST_SALES, STOCK, document_id
from streams.contract.errors import ServerError
from streams.contract.messages import ForecastScored
from streams.contract.stock_messages import LostSalesEstimated, StockStated
from streams.kafka.ends import LogEnds
from tests.support import stocked
from tests.support.fakes import MemoryDocuments, metrics
from tests.unit.charts.test_figures import texts
from tests.unit.streams.logs import STORE


@pytest.fixture(scope="module")
def out():
    return stocked.processor().apply(stocked.log(out=("milk", "cheese")))


def records(messages):
    return [Record(1, offset, 0.0, raw) for offset, (_, raw) in enumerate(messages)]


def written(sink_of, messages, documents, batches=1):
    sink = sink_of(documents, metrics())
    sink.start(1, LogEnds(0, len(messages)))
    held = records(messages)
    size = -(-len(held) // batches)
    for first in range(0, len(held), size):
        sink.write(held[first : first + size])
    return documents


@pytest.fixture
def documents(out):
    return written(StatisticsSink, out.accepted, written(ForecastsSink, out.forecasts, MemoryDocuments(), 7))


def test_the_newest_word_of_each_line_is_kept(out, documents):
    told = [one for _, raw in out.forecasts if isinstance(one := decode_output(raw), StockStated)]
    for item in stocked.ITEMS:
        newest = [one for one in told if one.item == item][-1]
        held = documents.collections[STOCK][document_id(STORE, item)]["ledger"]
        assert (held["units"], held["knows"], held["counts"], held["shrink"]) == (newest.units, newest.knows, newest.counts, newest.shrink)
    assert held["wrong_at"] is None


def test_a_replay_of_any_part_changes_nothing_and_a_lost_database_is_caught_up(out, documents):
    before = {name: held for name, held in documents.collections.items() if name != "progress"}
    again = MemoryDocuments()
    for fail_after in (0, 3, 40, None):
        again.fail_after = fail_after
        try:
            written(ForecastsSink, out.forecasts[: len(out.forecasts) // 2], again, 3)
            written(ForecastsSink, out.forecasts, again, 5)
        except ServerError:
            continue
    for name in (STOCK, LOST_SALES):
        assert {key: {k: v for k, v in held.items() if k != "v"} for key, held in again.collections[name].items()} == {
            key: {k: v for k, v in held.items() if k != "v"} for key, held in before[name].items()
        }


def test_hours_without_stock_cost_what_they_usually_bring(out):
    days = [one for _, raw in out.forecasts if isinstance(one := decode_output(raw), LostSalesEstimated)]
    assert [one.business_date for one in days] == ["2025-01-16", "2025-01-17", "2025-01-18"]
    for day in days:
        assert {(one.item, one.category, one.hours_out, one.currency) for one in day.items} == {
            ("milk", "dairy", 8, "EUR"), ("cheese", "dairy", 8, "EUR"),
        }  # fmt: skip
        (money,) = day.money
        for one in day.items:
            assert one.p10 <= one.demand <= one.p90
            assert one.demand - one.sold == pytest.approx(8 * (stocked.ITEMS[one.item][1] + 1), rel=0.2)
        assert money.revenue_p10 < money.revenue < money.revenue_p90
        assert money.profit == pytest.approx(money.revenue / 2, rel=0.05)
        assert money.revenue == pytest.approx(sum(one.revenue for one in day.items), abs=0.01)


def test_sums_and_picture_say_what_empty_shelves_cost(documents):
    found = lost_sales(documents)
    assert found.last_day == "2025-01-18"
    assert found.money["EUR"].revenue == pytest.approx(3 * 8 * (5 * 1.5 + 3 * 6.0), rel=0.2)
    one_day = lost_sales(documents, STORE, Period("2025-01-17", "2025-01-17"))
    assert one_day.money["EUR"].revenue < found.money["EUR"].revenue / 2
    assert lost_sales(documents, "another") is None
    (shown,) = summary(documents)["lost"]["by_currency"]
    assert (shown["currency"], shown["revenue"]) == ("EUR", round(found.money["EUR"].revenue, 2))
    assert (shown["most_in"], shown["most_share"]) == ("dairy", 1.0)
    said = texts(CHARTS["lost_sales"](documents, Question()))
    assert any(text.startswith("Empty shelves cost") and text.endswith("in dairy") for text in said)


def test_without_stock_data_the_picture_says_that_nothing_was_out(out):
    documents = written(StatisticsSink, out.accepted, MemoryDocuments())
    assert summary(documents)["lost"] is None
    assert any("as far as stock is known" in text for text in texts(CHARTS["lost_sales"](documents, Question())))


def test_scores_say_what_they_leave_out(out):
    scored = [one for _, raw in out.forecasts if isinstance(one := decode_output(raw), ForecastScored) and one.horizon == "day"]
    left_out = {one.origin: (one.n, one.out_of_stock) for one in scored}
    assert left_out["2025-01-14"] == (3, 0)
    assert left_out["2025-01-16"] == (1, 2)
