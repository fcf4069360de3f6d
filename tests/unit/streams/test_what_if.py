"""What if: on a copy, with the same model; a change that changes nothing makes no difference, and each change moves what it should."""

import random

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from deploy import what_if as door
from online_model.shelf import ShelfSettings
from streams.contract.errors import ServerError
from streams.contract.what_if import WhatIf, WhatIfError
from streams.processor.local_time import iso_date
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from streams.processor.what_if import what_if
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, STORE, log_of, sale

DAYS, ITEMS = 56, 6
CATEGORIES = ("drinks", "snacks")


def promoted(day, item):
    return item == 2 and day // 7 % 3 == 1


def plan(day):
    first = day - day % 7 + 7
    return {
        "type": "promotion-planned.v1", "event_id": f"p{day}", "store": STORE, "item": "item 2", "first_day": date_of(first),
        "last_day": date_of(first + 6), "planned_at": MONDAY + day * DAY,
    }  # fmt: skip


def date_of(day):
    return iso_date(MONDAY // DAY + day)


def log():
    rng, events = random.Random(5), []
    shelf = {
        "type": "shelf-defined.v1", "event_id": "shelf", "store": STORE, "shelf": "hall", "level_width": 12, "levels": 1,
        "items": [{"item": f"item {n}", "price": 2.0, "cost": 1.2} for n in range(ITEMS)], "defined_at": MONDAY,
    }  # fmt: skip
    events += [shelf, {"type": "stock-counted.v1", "event_id": "c", "store": STORE, "item": "item 0", "units": 4, "counted_at": MONDAY + 1}]
    for day in range(DAYS):
        if promoted(day + 7, 2) and day % 7 == 0:
            events.append(plan(day))
        for item in range(ITEMS):
            units = rng.randrange(2, 6) * (1 + item) * (3 if promoted(day, item) else 1)
            events.append(
                sale(
                    len(events), item=f"item {item}", quantity=units, unit_price=2.0, unit_cost=1.2, sold_at=MONDAY + day * DAY + item * 60,
                    category=CATEGORIES[item % 2],
                )
            )  # fmt: skip
    return events


@pytest.fixture(scope="module")
def state():
    processor = Processor(Rules(), 1, PARTITIONS)
    assert not processor.apply(log_of(*log())).rejected
    return bytes(processor.dump())


def ask(state, settings=None, **change):
    return what_if(Processor.read(state), WhatIf(store=STORE, **change), settings or ShelfSettings())


def test_a_snapshot_is_read_under_its_own_rules(state):
    assert bytes(Processor.read(state).dump()) == state


def test_no_change_makes_no_difference(state):
    answer = ask(state)
    assert answer.before == answer.after
    assert answer.items == ()
    assert answer.difference.units == answer.difference.profit_p90 == 0
    assert answer.before.revenue == pytest.approx(2 * answer.before.units)
    assert answer.before.profit == pytest.approx(0.8 * answer.before.units)


def test_a_promotion_raises_its_item_and_no_other(state):
    answer = ask(state, item="item 2", promotion=True, first_day=date_of(DAYS), last_day=date_of(DAYS + 6))
    [one] = answer.items
    assert one.item == "item 2"
    assert 1.005 < one.after.units / one.before.units < 1.8  # a young model still leans on the same-weekday mean
    assert any("The model is young" in note for note in answer.notes)
    assert one.difference.units_p10 < one.difference.units < one.difference.units_p90
    assert answer.difference.units == pytest.approx(one.difference.units, abs=0.05)
    assert ask(state, category="snacks", promotion=True).difference.units > 0


def test_closed_days_cost_their_sales(state):
    answer = ask(state, closed=(date_of(DAYS), date_of(DAYS + 1)))
    assert -0.15 < answer.difference.units / answer.before.units < -0.03
    assert len(answer.items) == ITEMS
    assert any("closed days" in note for note in answer.notes)


def test_lead_time_and_service_level_change_orders_of_known_stock(state):
    for change in ({"lead_time_days": 5.0}, {"service_level": 0.995}):
        answer = ask(state, **change)
        assert [one.item for one in answer.items] == ["item 0"]
        assert answer.difference.order_units > 0
        assert answer.difference.units == 0


def test_a_wider_shelf_has_more_facings(state):
    answer = ask(state, shelf="hall", level_width=24.0)
    assert sum(one.facings_after for one in answer.items) > sum(one.facings for one in answer.items)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"price": 1.0}, "price: this release"),
        ({"item": "absent"}, "no forecast"),
        ({"category": "absent"}, "no sale"),
        ({"closed": ("2020-01-01",)}, "outside the days"),
        ({"closed": ("nonsense",)}, "no date"),
        ({"promotion": True, "first_day": date_of(DAYS + 5), "last_day": date_of(DAYS)}, "first_day is after"),
        ({"level_width": 5.0}, "has described hall"),
        ({"shelf": "hall", "level_width": 0.001}, "level_width"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(state, change, says):
    with pytest.raises(WhatIfError, match=says):
        ask(state, **change)


def test_an_unknown_store_is_refused(state):
    with pytest.raises(WhatIfError, match="closed no day yet"):
        what_if(Processor.read(state), WhatIf(store="absent"), ShelfSettings())


def test_the_route_answers_and_refuses(state, monkeypatch):
    def answered(kafka, asked, settings):
        if asked.store == "away":
            raise ServerError("Kafka is away.")
        return what_if(Processor.read(state), asked, settings)

    monkeypatch.setattr(door, "answered", answered)
    with TestClient(Litestar([door.route(None, ShelfSettings())], openapi_config=None)) as client:
        told = client.post("/v1/whatif", params={"store": STORE}, json={"closed": [date_of(DAYS)]})
        assert told.status_code == 200
        assert told.json()["difference"]["units"] < 0
        assert told.json()["store"] == STORE
        assert client.post("/v1/whatif", params={"store": STORE}, json={"price": 1}).status_code == 422
        assert client.post("/v1/whatif", params={"store": "away"}, json={}).status_code == 503
        for body, words in (({"nonsense": 1}, "nonsense"), ({"lead_time_days": "soon"}, "Expected"), ([], "Expected")):
            told = client.post("/v1/whatif", params={"store": STORE}, json=body)
            assert told.status_code == 422
            assert words in told.json()["error"]
        assert client.post("/v1/whatif", params={"store": STORE}, content=b"{").status_code == 422
