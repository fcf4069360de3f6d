"""When fetching pauses: while the processor is busy and little comes, and at no other time."""

import pytest

from streams.runtime.pacing import PAUSE_SECONDS, SHORT_FETCH, Pacing


@pytest.mark.parametrize(
    ("share", "records", "pause"),
    [(0.5, 300, PAUSE_SECONDS), (0.1, 300, 0), (0.5, SHORT_FETCH, 0), (1.0, 8000, 0), (0.5, 0, 0)],
)
def test_a_pause_is_for_short_fetches_of_a_busy_processor(share, records, pause):
    pacing, now = Pacing(), 1000.0
    pacing.pause(now, 0.0, records)
    for _ in range(100):
        now += 0.02
        found = pacing.pause(now, share * (now - 1000.0), records)
    assert found == pause


def test_it_ends_soon_after_the_processor_has_time_again():
    pacing = Pacing()
    pacing.pause(1000.0, 0.0, 300)
    assert pacing.pause(1001.0, 0.9, 300) == PAUSE_SECONDS
    assert pacing.pause(1002.0, 0.95, 300) == 0
