"""Logs of every event type with extreme fields, clocks and catalogues: see `tests.fuzz.step.check` for what must hold."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.events import SMALL_STEPS, log
from tests.fuzz.step import check

CASES = int(os.environ.get("SHELFCAST_CASES", "1"))
"""Factor on the number of cases."""


@settings(max_examples=300 * CASES, deadline=None)
@given(st.binary(max_size=400))
def test_any_log_keeps_the_promises(data):
    check(data)


@pytest.mark.parametrize("seed", range(4 * CASES))
def test_long_logs_of_many_days_keep_them_too(seed):
    rng = random.Random(seed)
    for number in range(20):
        check(rng.randbytes(1200), reload=number % 4 == 0)


@pytest.mark.parametrize("seed", range(4 * CASES))
def test_a_hundred_thousand_events_keep_them_too(seed):
    """An event is a case, which meets the state that those before it made. Most are minutes apart: a day's close costs as much as many."""
    rng, events, number = random.Random(seed), 0, 0
    while events < 25_000:
        events += check(rng.randbytes(4000), reload=number % 10 == 0, steps=SMALL_STEPS).next_offset
        number += 1


def test_bytes_reach_every_type_of_event():
    rng = random.Random(1)
    raws = b"".join(record.value for _ in range(200) for record in log(rng.randbytes(300)))
    for kind in (
        "sale-recorded",
        "clock-ticked",
        "stock-counted",
        "stock-received",
        "stock-written-off",
        "promotion-planned",
        "opening-planned",
        "shelf-defined",
    ):
        assert raws.count(f'"{kind}.v1"'.encode()) > 20
