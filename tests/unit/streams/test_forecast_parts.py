"""The parts as they are published: whole thousandths that add up to the published mean, few bytes, and none if they are not wanted."""

import random

import pytest

from streams.contract.codec import decode_output
from streams.contract.horizons import PARTS
from streams.contract.messages import PredictedSales
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, log_of, sale

DAYS, ITEMS = 75, 9


def log():
    rng, events = random.Random(3), []
    for day in range(DAYS):
        for item in range(ITEMS):
            if rng.random() < 0.2 + 0.1 * item:
                events.append(
                    sale(len(events), item=f"item {item}", quantity=rng.choice([1, 2, 5, 0.345]), sold_at=MONDAY + day * DAY + item * 60)
                )
    return events


def forecasts(rules):
    processor = Processor(rules, 1, PARTITIONS)
    out = processor.apply(log_of(*log()))
    raws = [raw for _, raw in out.forecasts]
    told = [(decode_output(raw), raw) for raw in raws]
    return processor, [(m, raw) for m, raw in told if isinstance(m, PredictedSales) and m.horizons[0].horizon != "today"]


@pytest.fixture(scope="module")
def with_parts():
    return forecasts(Rules(country="US"))


@pytest.fixture(scope="module")
def without_parts():
    return forecasts(Rules(country="US", forecast_parts=False))


def test_the_parts_add_up_to_the_last_digit(with_parts):
    _, told = with_parts
    assert len(told) > 500
    for message, _ in told:
        assert message.parts is not None
        assert len(message.parts.thousandths) == len(PARTS)
        assert sum(message.parts.thousandths) / 1000 == message.horizons[0].mean
        assert abs(message.parts.thousandths[-1]) <= 6, "rounding hides nothing"


def test_a_holiday_near_is_named(with_parts):
    _, told = with_parts
    named = {(m.horizons[0].first_day, m.parts.holiday, m.parts.days_after_holiday) for m, _ in told if m.parts.holiday}
    assert ("2025-02-16", "Washington's Birthday", -1) in named


def test_the_parts_take_few_bytes(with_parts, without_parts):
    more, base = (sum(len(raw) for _, raw in told) for _, told in (with_parts, without_parts))
    assert base < more <= 1.15 * base


def test_without_the_setting_there_are_none_and_the_state_is_the_same(with_parts, without_parts):
    assert all(message.parts is None and b'"parts"' not in raw for message, raw in without_parts[1])
    assert with_parts[0].dump() == without_parts[0].dump()
    assert [m.id for m, _ in with_parts[1]] == [m.id for m, _ in without_parts[1]]
