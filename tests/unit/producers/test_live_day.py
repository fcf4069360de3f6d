import math

import numpy as np

from producers.replay.live import LiveDay, last_day, times_in
from producers.replay.replay import Replay
from producers.sources.mapping import Mapping, Time
from streams.contract.codec import decode_event
from tests.unit.producers.test_replay import MAPPING, Table, sales

MIDNIGHT = 1_735_599_600.0
"""2024-12-31 00:00 in Berlin."""
HOURS = np.arange(24) * 3600.0


def test_the_newest_business_day_begins_at_its_stores_midnight_and_runs_once_a_tenth_is_sold():
    times = np.concatenate([MIDNIGHT + HOURS, MIDNIGHT - 86_400 + HOURS])  # not in order
    day = last_day(times, "Europe/Berlin")
    assert (day.begins, day.opens, day.ends) == (MIDNIGHT, MIDNIGHT + 2 * 3600, MIDNIGHT + 23 * 3600)


def test_a_day_that_cannot_be_watched_is_replayed_like_the_others():
    before = MIDNIGHT - 86_400 + HOURS
    assert last_day(np.empty(0), "UTC") is None
    assert last_day(MIDNIGHT + HOURS, "Europe/Berlin") is None, "nothing came before it"
    assert last_day(np.concatenate([before, MIDNIGHT + HOURS[:19]]), "Europe/Berlin") is None, "too few events"
    assert last_day(np.concatenate([before, np.full(50, MIDNIGHT)]), "Europe/Berlin") is None, "dates without a time of day"


def test_the_times_of_a_source_are_those_of_its_rows_that_can_be():
    assert list(times_in(Table(30), MAPPING, latest=1_700_000_029.0)) == [1_700_000_000.0 + n for n in range(1, 29)]
    assert len(times_in(Table(30), MAPPING, latest=math.inf, limit=17)) == 17
    assert len(times_in(Table(0), Mapping(time=Time(("t",))), latest=math.inf)) == 0


def test_a_replay_waits_before_its_last_day_and_then_follows_the_clock(memory_publisher):
    now = [100.0]
    day = last_day(np.concatenate([np.arange(50.0), 86_400 + np.arange(100.0)]), "UTC")
    live = LiveDay(day, 10.0, clock=lambda: now[0])
    assert live.until(49.0) < 86_400
    assert not live.reached.is_set()
    live.until(86_400.0)
    assert live.reached.is_set()
    assert live.shop_time() == 86_400
    live.begin()
    now[0] += 3
    assert live.until(86_400.0) == live.shop_time() == 86_410 + 30
    now[0] += 3600
    assert live.shop_time() == day.ends
    assert live.until(86_400.0) == math.inf, "what the scan of the source did not know of goes too"

    held = iter([1_700_000_100.0] * 5 + [math.inf] * 1000)
    wanted = []

    def until(at):
        wanted.append((at, len(sales(memory_publisher))))
        return next(held)

    result = Replay(Table(), MAPPING, memory_publisher, until=until).run()
    assert sales(memory_publisher) == Table().good
    assert result.finished
    sent_while_held = max(n for _, n in wanted[:6])
    assert sent_while_held <= len([one for one in Table().good if int(one[1:]) <= 100])
    assert decode_event(memory_publisher.messages[0][1]).event_id == "r1"
