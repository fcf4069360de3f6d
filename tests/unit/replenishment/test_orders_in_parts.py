"""Orders from plans in several parts: none from half a plan, each part once, pages far below MongoDB's limit."""

import random

import bson
import pytest

from consumers.replenishment import order_pages
from consumers.replenishment.order_pages import COLLECTION, OrderPages
from consumers.replenishment.orders import Incomplete, Line, OrderBook, Part
from consumers.replenishment.replenishment_settings import ReplenishSettings
from streams.contract.errors import ServerError
from tests.support.fakes import MemoryDocuments
from tests.unit.replenishment.test_order_book import forecast, part, plan


def parts_of_a_plan(parts=3, number=9, origin="2026-05-01", **more):
    return [
        plan(part(f"a{n}", order_units=12.0 + n), part=n, parts=parts, number=number + n, origin=origin, **more)
        for n in range(1, parts + 1)
    ]


def given(book, messages, first=100):
    return [made.message for offset, message in enumerate(messages, first) for made in book.plan(message, offset)]


def test_nothing_is_ordered_before_the_last_part_and_each_part_has_its_id():
    book, parts = OrderBook(ReplenishSettings()), parts_of_a_plan()
    assert given(book, parts[:2]) == []
    assert book.safe_offset(102) == 100, "a restart reads the first part again"
    made = book.plan(parts[2], 102)
    assert [one.message for one in made] == ["0-1-10", "0-1-11", "0-1-12"]
    assert [line.item for one in made for line in one.lines] == ["a1", "a2", "a3"]
    assert book.safe_offset(103) == 103


def test_forecasts_wait_for_the_last_part():
    book = OrderBook(ReplenishSettings())
    book.forecast(forecast("a", 10.0), 100)
    first, last = plan(part("a"), part=1, parts=2, number=5), plan(part("b"), part=2, parts=2, number=6)
    book.plan(first, 101)
    assert book.safe_offset(102) == 100
    assert book.plan(last, 102)[0].lines == (Line("a", 10.0, "forecast"),)


def test_repeats_of_parts_change_nothing():
    parts = parts_of_a_plan()
    once = given(OrderBook(ReplenishSettings()), parts)
    assert given(OrderBook(ReplenishSettings()), [*parts[:2], *parts]) == once
    book = OrderBook(ReplenishSettings())
    assert given(book, [*parts, *parts[:2]]) == once
    assert book.safe_offset(105) == 105


def test_a_plan_of_which_a_part_never_comes_is_given_up_and_said_once():
    book = OrderBook(ReplenishSettings())
    assert given(book, [one for one in parts_of_a_plan() if one.part != 2]) == []
    assert not book.take_given_up()
    book.forecast(forecast("a", 10.0, origin="2026-05-02"), 110)
    assert book.take_given_up() == [Incomplete("s", "all", "2026-05-01", 2, 3)]
    assert not book.take_given_up()
    assert book.safe_offset(111) == 110


def test_a_silent_store_with_half_a_plan_is_not_waited_for():
    book = OrderBook(ReplenishSettings())
    given(book, parts_of_a_plan()[:1])
    book.forecast(forecast("a", 10.0, store="open", origin="2026-05-09"), 150)
    assert book.safe_offset(151) == 150
    assert len(book.take_given_up()) == 1


class Database(MemoryDocuments):
    """Every so many writes do not happen, or do and their answer is lost."""

    def __init__(self, failing=0.0):
        super().__init__()
        self._random, self._failing = random.Random(failing), failing

    def write(self, collection, changes):
        self._fail()
        super().write(collection, changes)
        self._fail()

    def pages(self):
        return list(self.collections[COLLECTION].values())

    def _fail(self):
        if self._random.random() < self._failing:
            raise ServerError("the database went away")


def order_part(number, count, letter="x"):
    lines = tuple(Line(f"{number}-{n:05}{letter}", 1.0, "plan") for n in range(count))
    return Part("s", "2026-05-01", f"0-1-{number}", lines)


@pytest.mark.parametrize("failing", [0.0, 0.1, 0.3])
def test_two_writers_put_every_part_into_the_pages_once(monkeypatch, failing):
    monkeypatch.setattr(order_pages, "MOST_LINES", 50)
    database = Database(failing)
    writers = [OrderPages(database), OrderPages(database)]
    parts = [order_part(n, 7 + 5 * (n % 9)) for n in range(40)]
    rng = random.Random(1)
    places = [0, 0]
    while min(places) < len(parts):
        who = rng.randrange(2)
        if places[who] < len(parts):
            try:
                writers[who].add(parts[places[who]])
            except ServerError:
                continue
            places[who] += 1
    pages = database.pages()
    assert sorted(m for page in pages for m in page["messages"]) == sorted(one.message for one in parts)
    assert len(pages) > 10
    assert all(len(page["lines"]) <= 50 for page in pages)
    lines = [line["item"] for line in OrderPages(database).order("s", "2026-05-01")["lines"]]
    assert sorted(lines) == sorted(line.item for one in parts for line in one.lines)


def test_a_page_of_the_longest_names_fits_into_a_document():
    database = Database()
    orders = OrderPages(database)
    for number in range(4):
        orders.add(order_part(number, 4000, "\N{SHOPPING TROLLEY}" * 120))
    assert len(database.pages()) == 2
    assert max(len(bson.encode(page)) for page in database.pages()) < 8_000_000


def test_an_order_of_which_a_page_could_not_be_read_is_read_anew(monkeypatch):
    monkeypatch.setattr(order_pages, "MOST_LINES", 10)
    database = Database()
    for number in range(3):
        OrderPages(database).add(order_part(number, 8))
    orders, read = OrderPages(database), database.read
    answers = iter([True, False])

    def once_broken(collection, ids):
        if not next(answers, True):
            raise ServerError("the database went away")
        return read(collection, ids)

    monkeypatch.setattr(database, "read", once_broken)
    with pytest.raises(ServerError):
        orders.order("s", "2026-05-01")
    assert not orders.add(order_part(0, 8)), "it is there"
    assert len(orders.order("s", "2026-05-01")["lines"]) == 24
