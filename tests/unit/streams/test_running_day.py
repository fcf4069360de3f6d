"""Today's messages from the log: totals of the store and its categories, learning within the day, and any cut of it."""

import random

import msgspec
import pytest

from online_model.today.rest_of_day import RestOfDay
from streams.contract.codec import decode_output
from streams.contract.messages import PredictedSales, TotalsPredicted
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.bench.forecasts.today import LEARNING
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, log_of, sale

CATEGORIES = {"milk": "dairy", "cheese": "dairy", "bread": "bakery", "roll": "bakery", "tea": None}


def a_shop(days=24, seed=3):
    """Receipts of one to three lines from 8 to 19 o'clock; some sales come late."""
    rng, number, out = random.Random(seed), 0, []
    for day in range(days):
        busy = rng.uniform(0.5, 1.5)
        for receipt in range(int(30 * busy)):
            at = MONDAY + day * DAY + rng.randrange(8 * 3600, 19 * 3600)
            for item in rng.sample(sorted(CATEGORIES), rng.randint(1, 3)):
                number += 1
                fields = {"category": CATEGORIES[item]} if CATEGORIES[item] else {}
                sold = at - (5400 if number % 50 == 0 else 0)
                out.append(
                    (at, sale(number, item=item, sold_at=sold, order_id=f"{day}-{receipt}", quantity=rng.choice((1, 1, 2)), **fields))
                )
    return log_of(*(event for _, event in sorted(out, key=lambda pair: pair[0])))


def said(out):
    return [decode_output(raw) for _, raw in out.forecasts]


@pytest.fixture(scope="module")
def log():
    return a_shop()


@pytest.fixture(scope="module")
def whole(log):
    processor = Processor(Rules(), 1, PARTITIONS)
    return processor, processor.apply(log)


def test_the_store_and_its_categories_have_totals_of_today(whole):
    found = [message for message in said(whole[1]) if isinstance(message, TotalsPredicted)]
    totals = [total for message in found for total in message.totals]
    assert {total.category for total in totals} == {None, "dairy", "bakery"}
    for total in totals:
        assert total.p10 <= total.p50 <= total.p90
        assert total.mean >= total.sold_so_far
    moments = {message.offset for message in said(whole[1]) if isinstance(message, PredictedSales) and message.sold_so_far is not None}
    assert len(found) <= 24 * 24
    assert len({message.offset for message in found} & moments) > 20


def test_receipts_and_units_of_a_day_are_counted(whole):
    ((_, store),) = whole[0]._stores.items()
    (day,) = store.days.values()
    assert sum(day.sold) == pytest.approx(sum(day.by_hour.values()))
    assert 0 < day.receipts <= 45


def test_any_cut_of_the_log_says_the_same(log, whole):
    rng, cut, place, forecasts = random.Random(7), Processor(Rules(), 1, PARTITIONS), 0, []
    while place < len(log):
        size = rng.choice((1, 7, 60, 200))
        forecasts += cut.apply(log[place : place + size]).forecasts
        place += size
        if rng.random() < 0.5:
            cut = Processor.load(cut.dump(), Rules(), 1, PARTITIONS)
    assert forecasts == whole[1].forecasts
    assert cut.dump() == whole[0].dump()


def test_with_learning_frozen_half_way_other_forecasts_of_today_are_published(log, whole, monkeypatch):
    processor, half = Processor(Rules(), 1, PARTITIONS), len(log) // 2
    before = processor.apply(log[:half]).forecasts
    assert before == whole[1].forecasts[: len(before)]
    for owner, name in LEARNING:
        monkeypatch.setattr(owner, name, lambda *_: None)
    frozen = before + processor.apply(log[half:]).forecasts
    assert of_today(frozen) != of_today(whole[1].forecasts)


def of_today(forecasts):
    found = map(decode_output, [raw for _, raw in forecasts])
    return [message.horizons[0] for message in found if isinstance(message, PredictedSales) and message.sold_so_far is not None]


def test_without_the_regression_what_is_said_of_today_differs(log, whole, monkeypatch):
    monkeypatch.setattr(RestOfDay, "learn_stretch", lambda *_: None)
    without = Processor(Rules(), 1, PARTITIONS).apply(log)
    assert without.accepted == whole[1].accepted
    ours, other = (
        [msgspec.to_builtins(m) for m in said(out) if getattr(m, "sold_so_far", None) is not None] for out in (whole[1], without)
    )
    assert ours != other
