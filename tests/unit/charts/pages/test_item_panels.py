"""The item's page beside its forecasts: price and promotions, stock, what empty shelves cost, what was said of the shelf today."""

from datetime import timedelta

import msgspec

from consumers.forecasts.forecasts import ForecastsSink
from tests.support.fakes import MemoryKeeps, metrics
from tests.support.shop import records_of
from tests.support.stand_ins import BEGINNING
from tests.support.stock_told import lost, runs_out, silent, stated
from tests.unit.charts.pages.shop import LAST, STORE, client_of, filled
from tests.unit.charts.pages.test_pages import page, words

YESTERDAY = (LAST - timedelta(days=1)).isoformat()


def stocked():
    documents = filled()
    sink = ForecastsSink(documents, metrics())
    sink.start(1, BEGINNING)
    told = [
        stated(1, STORE, "milk", 9.0, counted_at=1.73e9, shrink=2.0),
        stated(2, STORE, "bread", 0.0, knows="unknown"),
        lost(3, STORE, YESTERDAY, {"milk": ("dairy", 4.0, 10.0, 1.5, "EUR")}),
        msgspec.structs.replace(silent(4, STORE, "milk"), business_date=LAST.isoformat()),
        msgspec.structs.replace(runs_out(5, STORE, "bread"), business_date=LAST.isoformat()),
    ]
    sink.write(records_of([msgspec.structs.replace(one, partition=1) for one in told]))
    return documents


def test_stock_is_told_with_the_days_that_it_lasts():
    with client_of(stocked()) as client:
        shown = words(page(client, "/item", store=STORE, item="milk"))
        assert "On hand 9" in shown
        assert "Missing at counts 2" in shown
        assert "Lasts at what is expected" in shown
        assert "Nothing sold since" in shown
        assert "not known: count it" in words(page(client, "/item", store=STORE, item="bread"))
        assert "before closing with probability 80%. Bring 5 from the back room." in words(page(client, "/item", store=STORE, item="bread"))
        assert "Bestand" in page(client, "/item", store=STORE, item="milk", lang="de")


def test_what_empty_shelves_cost_is_told_with_its_band():
    with client_of(stocked()) as client:
        shown = words(page(client, "/item", store=STORE, item="milk"))
        assert "About €9.00, between €4.50 and €18.00, for 6 units" in shown
        assert "What empty shelves cost" not in words(page(client, "/item", store=STORE, item="bread"))


def test_a_promotion_of_the_item_is_beside_its_prices_and_its_form_is_filled_in():
    keeps = MemoryKeeps()
    with client_of(filled(), keeps=keeps) as client:
        body = {"kind": "promotion", "store": STORE, "item": "milk", "first_day": YESTERDAY, "last_day": LAST.isoformat()}
        assert client.post("/plans", json=body).status_code == 200
        text = page(client, "/item", store=STORE, item="milk")
        assert "on promotion, as announced here" in text
        assert "on promotion, as announced here" not in page(client, "/item", store=STORE, item="bread")
        form = page(client, "/plans", store=STORE, item="milk")
        assert 'name="item" list="items" maxlength="128" autocomplete="off" value="milk"' in form
        assert 'name="first_day" required value="20' in form


def test_shelves_that_are_silent_or_will_be_empty_are_on_today_and_to_do_by_money():
    with client_of(stocked()) as client:
        shown = words(page(client, "/", store=STORE))
        assert "€6.00 an hour" in shown
        assert shown.index("€12.45") < shown.index("€6.00 an hour"), "five loaves to bring at 2.49"
        todo = words(page(client, "/todo", store=STORE))
        assert "Look at the shelf : milk" in todo
        assert "Fill the shelf : bread" in todo
    with client_of(filled()) as client:
        assert "No shelf is silent" in words(page(client, "/", store=STORE))
