"""Plans and scores of many items in numbered parts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.contract.codec import decode_output, encode
from streams.processor.parts import PART_BYTES, in_parts
from tests.support.shop import plan, score

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


def many(count, letter="x"):
    return {f"{n:06}{letter * 90}": 1.0 + n for n in range(count)}


def whole(parts):
    """The parts put together."""
    items = tuple(item for one in parts for item in one.items)
    return replace(parts[0], items=items, part=1, parts=1)


def test_a_message_that_fits_is_as_it_was_before_there_were_parts():
    small = plan(5, {"milk": 2.0})
    assert list(in_parts(small)) == [small]
    assert b'"part"' not in encode(small)
    assert b'"parts"' not in encode(small)
    assert decode_output(encode(small)).parts == 1


@pytest.mark.parametrize("letter", ["x", "\N{SHOPPING TROLLEY}", '"'])
@pytest.mark.parametrize("made", [lambda names: plan(5, names), lambda names: score(5, date(2026, 5, 1), items=tuple(names))])
def test_parts_are_bounded_numbered_and_make_the_whole(made, letter):
    message = made(many(3000, letter))
    parts = list(in_parts(message))
    assert [one.part for one in parts] == list(range(1, len(parts) + 1))
    assert {one.parts for one in parts} == {len(parts)}
    assert all(len(encode(replace(one, id="99-999999999999-999999"))) <= PART_BYTES for one in parts)
    assert min(len(encode(one)) for one in parts[:-1]) > 0.99 * PART_BYTES, "no more parts than needed"
    assert whole(parts) == message


def test_reasons_stand_in_the_first_part_and_gains_in_each():
    parts = list(in_parts(replace(plan(5, many(3000)), gain_per_day=3.5)))
    assert [bool(one.reasons) for one in parts] == [True] + [False] * (len(parts) - 1)
    assert {one.gain_per_day for one in parts} == {3.5}


@given(st.lists(NAMES, min_size=1, max_size=30, unique=True), st.integers(700, 5000))
def test_any_names_any_bound(names, bound):
    message = plan(5, dict.fromkeys(names, 2.0))
    parts = list(in_parts(message, bound))
    assert whole(parts) == message
    assert all(len(encode(one)) <= bound or len(one.items) == 1 for one in parts)
