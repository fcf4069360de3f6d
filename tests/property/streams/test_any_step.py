"""Logs of every event type with extreme fields, clocks and catalogues: see `tests.fuzz.step.check` for what must hold."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.events import log
from tests.fuzz.step import check

CASES = int(os.environ.get("SHELFCAST_CASES", "1"))
"""Factor on the number of cases."""


@settings(max_examples=600 * CASES, deadline=None)
@given(st.binary(max_size=400))
def test_any_log_keeps_the_promises(data):
    check(data)


@pytest.mark.parametrize("seed", range(8 * CASES))
def test_long_logs_keep_them_too(seed):
    """An event is a case: with those above about a hundred thousand."""
    rng = random.Random(seed)
    for number in range(100):
        check(rng.randbytes(1200), reload=number % 4 == 0)


def test_bytes_reach_every_type_of_event():
    rng = random.Random(1)
    raws = b"".join(record.value for _ in range(200) for record in log(rng.randbytes(300)))
    for kind in ("sale-recorded", "clock-ticked", "stock-counted", "promotion-planned", "opening-planned", "shelf-defined"):
        assert raws.count(f'"{kind}.v1"'.encode()) > 20
