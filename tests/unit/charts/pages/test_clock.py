import time

import pytest

from charts.web.pages.clock import ReplayedClock, clock_of
from charts.web.web_settings import WebSettings
from streams.contract.errors import SettingsError


def test_a_replayed_day_runs_at_its_pace_and_stops_at_its_end():
    began = time.time() - 10
    clock = ReplayedClock(began, 1_000_000.0, 60.0, 1_002_000.0)
    assert 1_000_600 <= clock() < 1_000_900
    assert ReplayedClock(began, 1_000_000.0, 60.0, 1_000_100.0)() == 1_000_100.0
    assert ReplayedClock(began + 3600, 1_000_000.0, 60.0, 1_002_000.0)() == 1_000_000.0
    assert clock_of(clock.written) == clock


def test_a_wrong_clock_is_told_at_the_start():
    assert clock_of("") is None
    for text in ("noon", "1,2,3", "1,2,0,4", "nan,1,1,1", "1,2,3,inf"):
        with pytest.raises(SettingsError, match="SHELFCAST_WEB_CLOCK"):
            WebSettings.read(clock=text)
