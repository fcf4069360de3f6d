"""Which repeats of an id are repeats, and which are conflicts."""

import itertools

import pytest

from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import PARTITIONS, log_of, sale

ABSENT = ...


def repeat(first, second):
    """What the second event of two with one id became."""
    processor = Processor(Rules(), 1, PARTITIONS)
    out = processor.apply(log_of(sale(1, **first), sale(1, **second)))
    assert len(out.accepted) == 1
    return out.rejected[0].reason if out.rejected else "repeat"


def test_a_return_of_one_then_of_two_under_one_id_is_a_conflict():
    assert repeat({"quantity": -1}, {"quantity": -2}) == "conflict"


@pytest.mark.parametrize("field", ["profit", "amount", "unit_cost", "unit_price"])
def test_nothing_zero_and_minus_one_are_three_contents(field):
    values = (ABSENT, 0, 1) if field.startswith("unit_") else (ABSENT, 0, -1, -2)
    known = {"profit": 5.0} if field != "profit" else {}  # so that a sale without the field is one
    for one, other in itertools.product(values, repeat=2):
        assert repeat(known | {field: one}, known | {field: other}) == ("repeat" if one == other else "conflict"), (one, other)


def test_a_value_that_moves_to_another_field_is_a_conflict():
    assert repeat({"amount": 2.0, "profit": ABSENT}, {"amount": ABSENT, "profit": 2.0}) == "conflict"
    assert repeat({"unit_price": 2.0, "unit_cost": ABSENT}, {"unit_price": ABSENT, "unit_cost": 2.0, "amount": 1}) == "conflict"


def test_minus_zero_is_zero():
    assert repeat({"amount": 0.0}, {"amount": -0.0}) == "repeat"
