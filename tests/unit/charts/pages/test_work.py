"""Where money is lost, what came of a task, an order category by category."""

from datetime import timedelta

from tests.support.fakes import MemoryKeeps
from tests.unit.charts.pages.shop import HOSTILE, LAST, STORE, client_of, filled, noon
from tests.unit.charts.pages.test_item_panels import stocked
from tests.unit.charts.pages.test_pages import page, words


def test_losses_are_told_by_item_with_the_largest_first():
    with client_of(stocked()) as client:
        shown = words(page(client, "/products", store=STORE))
        shown = shown[shown.index("Where money is lost") :]
        # 28 days, 6 units a day, each sold for 5.00 that cost 6.00; and 9.00 of milk that was not there.
        assert "€168" in shown
        assert shown.index("€168") < shown.index("€9.00")
        assert "was not there to be sold" in shown
        assert "cost more than it brought" not in words(page(client, "/products", store=STORE, category="dairy"))


def test_what_came_of_a_task_is_told_once_a_whole_day_has_passed():
    keeps = MemoryKeeps()
    task = {"store": STORE, "what": "Order more", "why": "", "money": "", "link": "item", "reason": "", "state": "taken"}
    keeps.put("desk_tasks", {"_id": "old", "item": "milk", "at": noon(LAST - timedelta(days=8)), **task})
    keeps.put("desk_tasks", {"_id": "new", "item": HOSTILE, "at": noon(LAST), **task})
    with client_of(filled(), keeps=keeps) as client:
        shown = words(page(client, "/todo", store=STORE))
        assert "In 7 days since then: 6 units a day, 6 in as many days before ( 0.0% )." in shown
        assert "What came of it shows when a whole day has passed." in shown


def test_an_order_is_shown_category_by_category_with_the_sum_of_each():
    with client_of(filled()) as client:
        shown = words(page(client, "/orders", store=STORE, sort="category"))
        assert shown.index("dairy 12 units") < shown.rindex(" other ")
        assert "By value" in shown
        lines = client.get("/orders.csv", params={"store": STORE, "sort": "category"}).text.splitlines()
        assert [line.split(",")[2] for line in lines[1:]] == sorted(line.split(",")[2] for line in lines[1:])
