"""The question box: an answer with its numbers, a question back, and nothing of other stores."""

import msgspec

from charts.queries.of_store import OfStore
from charts.queries.sales import stores
from consumers.statistics.statistics import StatisticsSink
from streams.contract.documents import PROGRESS, STORE_MONTHS
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import records_of
from tests.support.stand_ins import BEGINNING
from tests.unit.charts.pages.shop import HOSTILE, STORE, client_of, filled, sold
from tests.unit.charts.pages.test_pages import page, words


def test_a_question_is_answered_with_rows_and_how_it_was_understood():
    with client_of(filled()) as client:
        text = page(client, "/ask", q="revenue by item")
        assert HOSTILE not in text
        shown = words(text)
        assert "Revenue by item" in shown or "revenue by item" in shown
        assert "1,800" in shown, "60 days, 3 lines of 2 units for 5.00"
        assert "The books agree." in shown
        back = page(client, "/ask", q="what about the weather on mars", lang="de")
        assert "Ähnliche Fragen:" in back
        assert "/ask?q=" in back, "each is a link"
        assert "Zum Beispiel" in page(client, "/ask", lang="de")


def test_every_page_has_the_box_and_keeps_the_store():
    with client_of(filled()) as client:
        text = page(client, "/products", store=STORE)
        assert 'action="/ask"' in text
        assert text.count('name="store" value="Køln &lt;b&gt;&amp;"') >= 1


def test_with_a_store_chosen_nothing_of_the_others_is_told():
    documents = MemoryDocuments()
    sink = StatisticsSink(documents, metrics())
    sink.start(0, BEGINNING)
    sink.write(records_of([*sold(5, "north"), *[_after(one, 45) for one in sold(5, "south")]]))
    one = OfStore(documents, "north")
    assert stores(one) == ["north"]
    assert list(one.find(STORE_MONTHS, {"store": "south"})) == []
    assert list(one.find(STORE_MONTHS, {"store": {"$in": ["south"]}})) == []
    assert len(list(one.find(STORE_MONTHS, {"store": {"$in": ["south", "north"]}}))) == 1
    assert list(one.find(PROGRESS, {})) == list(documents.find(PROGRESS, {}))
    with client_of(documents) as client:
        shown = words(page(client, "/ask", q="revenue by store", store="north"))
        assert "north" in shown
        assert "south" not in shown


def _after(sale, lines):
    seq = sale.seq + lines
    return msgspec.structs.replace(sale, seq=seq, event_id=f"s{seq}")
