"""Promotions and open days of a file become announcements among its sales, each before the days it is of."""

import json
import random
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.announcements.known_ahead import AnnouncementFinder, DatedAnnouncement, KnownAhead, with_announcements
from producers.replay.ledger import Ledger
from producers.replay.replay import Replay, ReplayOptions
from producers.sources.building import Built
from producers.sources.mapping import Identity, Mapping, Skip, Time
from producers.sources.rows import by_record
from streams.contract.codec import decode_event
from streams.contract.errors import UsageError
from streams.contract.messages import ClockTicked, OpeningPlanned, PromotionPlanned, SaleRecorded
from streams.processor.local_time import LocalTime
from tests.support.publisher import killed_and_resumed

FIRST, DAYS = date(2024, 1, 1), 80
BOTH = KnownAhead(promotions=True, openings=True)
MAPPING = Mapping(
    time=Time(("day",)),
    columns={"store": "store", "item": "item", "quantity": "units", "on_promotion": "promo"},
    constants={"unit_price": 1.0},
    open="open",
    event_id=Identity("row"),
)


def records(seed=0):
    """Two stores with two items; bread of the first is on promotion every fourth week, the second is closed on Sundays."""
    chance, out = random.Random(seed), []
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        for store in ("a", "b"):
            closed = store == "b" and day.weekday() == 6
            for item in ("bread", "milk"):
                promo = (store, item) == ("a", "bread") and number // 7 % 4 == 3
                units = 0 if closed else chance.randrange(1, 9)
                out.append({"day": day.isoformat(), "store": store, "item": item, "units": units, "promo": promo, "open": not closed})
    return out


class Table:
    name, fingerprint = "table", "1"

    def __init__(self, rows, *, once=False):
        self.rows, self.once = rows, once

    def count(self):
        return len(self.rows)

    def read(self):
        for first in range(0, len(self.rows), 23):
            yield by_record(enumerate(self.rows[first : first + 23], first + 1))


def sent(publisher):
    return [decode_event(raw) for _, raw, _ in publisher.messages]


def days_of(plan):
    first, last = date.fromisoformat(plan.first_day), date.fromisoformat(plan.last_day)
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


@pytest.mark.parametrize("order", ["oldest first", "newest first", "by store"])
def test_a_replay_announces_what_its_rows_tell_before_the_days_they_are_of(memory_publisher, order):
    rows = records()
    rows = {"oldest first": rows, "newest first": rows[::-1], "by store": sorted(rows, key=lambda row: row["store"])}[order]
    result = Replay(Table(rows), MAPPING, memory_publisher, options=ReplayOptions(known_ahead=BOTH)).run()
    now, promoted, told = FIRST, set(), {"a": {}, "b": {}}
    for event in sent(memory_publisher):
        if isinstance(event, SaleRecorded):
            now = datetime.fromtimestamp(event.sold_at, UTC).date()
            assert event.store == "b" or now in told["a"] or now == FIRST
        elif isinstance(event, PromotionPlanned):
            promoted |= days_of(event)
            assert min(days_of(event)) >= now + timedelta(days=30) or now == FIRST
        elif isinstance(event, OpeningPlanned):
            told[event.store] |= dict.fromkeys(days_of(event), event.open)
    every = [FIRST + timedelta(days=n) for n in range(DAYS)]
    assert promoted == {day for n, day in enumerate(every) if n // 7 % 4 == 3}
    assert told["a"] == dict.fromkeys(every, True)
    assert told["b"] == {day: day.weekday() != 6 for day in every}
    plans = sum(isinstance(event, (PromotionPlanned, OpeningPlanned)) for event in sent(memory_publisher))
    assert result.plans == plans > 20
    assert result.published == plans + len(rows) - result.bad


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("newest_first", [False, True])
def test_killed_anywhere_and_resumed_no_sale_and_no_plan_is_lost(memory_publisher, tmp_path, monkeypatch, seed, newest_first):
    monkeypatch.setattr("producers.replay.sorting.AT_ONCE", 17)
    monkeypatch.setattr("producers.replay.replay.SLICE", 5)
    monkeypatch.setattr("producers.replay.replay._SETTLE_SECONDS", 0.0)
    table, chance = Table(records(seed)[:: -1 if newest_first else 1]), random.Random(seed)
    options = ReplayOptions(known_ahead=BOTH, close_days=False)
    ledger = Ledger(tmp_path, table, MAPPING, BOTH)
    Replay(table, MAPPING, memory_publisher, options=options).run()
    whole = [event.event_id for event in sent(memory_publisher)]
    memory_publisher.messages.clear()
    replay = lambda: Replay(table, MAPPING, memory_publisher, ledger=ledger, options=options).run()  # noqa: E731
    result, kills = killed_and_resumed(memory_publisher, chance, 80, replay)
    again = [event.event_id for event in sent(memory_publisher)]
    assert list(dict.fromkeys(again)) == whole
    assert len(again) - len(whole) <= 5 * kills
    assert result.plans == sum(name.startswith("plan-") for name in whole)


WRONG_DATE = {"day": "2042-01-01", "store": "a", "item": "bread", "units": 3, "promo": True, "open": True}


def test_a_row_of_a_wrong_date_tells_nothing_and_does_not_move_the_end(memory_publisher):
    rows = records()
    result = Replay(Table([*rows[:40], WRONG_DATE, *rows[40:]]), MAPPING, memory_publisher, options=ReplayOptions(known_ahead=BOTH)).run()
    bad, events = result.bad, sent(memory_publisher)
    memory_publisher.messages.clear()
    Replay(Table(rows), MAPPING, memory_publisher, options=ReplayOptions(known_ahead=BOTH)).run()

    def told(found):
        return {(e.first_day, e.last_day, e.store) for e in found if isinstance(e, (PromotionPlanned, OpeningPlanned))}

    assert told(events) == told(sent(memory_publisher))
    assert [e.at for e in events if isinstance(e, ClockTicked)] == [e.at for e in sent(memory_publisher) if isinstance(e, ClockTicked)]
    assert bad == 1 + sum(row["units"] == 0 for row in rows)


def finder_of(rows, known=BOTH, mapping=MAPPING):
    finder = AnnouncementFinder(mapping, LocalTime("UTC"), known, 4e9)
    for run in Table(rows).read():
        finder.note(run)
    return finder


def test_an_open_day_is_one_of_a_sale_or_of_a_yes_and_a_blank_says_nothing():
    def row(day, units, opens):
        return {"day": f"2024-01-{day:02}", "store": "a", "item": "milk", "units": units, "promo": False, "open": opens}

    rows = [row(1, 2, "yes"), row(2, 3, "no"), row(3, 0, ""), row(4, 0, "no"), row(4, 0, "yes"), row(5, 0, "no"), row(7, 1, "")]
    first = 19_723
    assert finder_of(rows).opening() == {
        "a": [(first, first + 1, True), (first + 3, first + 3, True), (first + 4, first + 5, False), (first + 6, first + 6, True)]
    }
    with pytest.raises(UsageError, match="Row 2: the column 'open' holds 'offen'"):
        finder_of([row(1, 1, "yes"), row(2, 1, "offen")])
    with pytest.raises(UsageError, match="open from the column 'open'"):
        finder_of([{key: value for key, value in row(1, 1, "yes").items() if key != "open"}])


def test_what_can_be_no_event_and_what_is_skipped_has_no_plan():
    mapping = msgspec.structs.replace(MAPPING, skip=(Skip("item", "a deposit", equals=("Pfand",)),))
    rows = []
    for store, item in (("a", "x" * 120), ("a", "Pfand"), ("\ud800", "milk"), ("s" * 80, "milk")):
        rows += [row | {"store": store, "item": item} for row in records() if (row["store"], row["item"]) == ("a", "bread")]
    plans = [decode_event(plan.raw) for plan in finder_of(rows, mapping=mapping).announcements()]
    assert {plan.item for plan in plans if isinstance(plan, PromotionPlanned)} == {"x" * 120}
    assert {plan.store for plan in plans} == {"a"}
    assert len({plan.event_id for plan in plans}) == len(plans)


def test_a_mapping_without_the_columns_is_told_what_to_name():
    for known, says in ((KnownAhead(promotions=True), "on_promotion"), (KnownAhead(openings=True), "open = ")):
        with pytest.raises(UsageError, match=says):
            known.check(Mapping(time=Time(("day",)), columns={"store": "store", "item": "item", "quantity": "units"}))


def test_the_same_rows_with_other_plans_or_of_another_zone_are_another_replay(tmp_path):
    table = Table(records())
    assert Ledger(tmp_path, table, MAPPING, BOTH, "America/New_York").path != Ledger(tmp_path, table, MAPPING, BOTH).path
    assert Ledger(tmp_path, table, MAPPING, timezone="America/New_York").path == Ledger(tmp_path, table, MAPPING).path
    paths = {Ledger(tmp_path, table, MAPPING, known).path for known in (KnownAhead(), BOTH, KnownAhead(promotions=True))}
    assert len(paths) == 3
    assert Ledger(tmp_path, table, MAPPING).path in paths


def test_a_query_is_not_run_twice_for_its_plans(memory_publisher):
    with pytest.raises(UsageError, match="replay a file"):
        Replay(Table(records(), once=True), MAPPING, memory_publisher, options=ReplayOptions(known_ahead=BOTH))


@given(
    st.lists(st.lists(st.integers(0, 50), max_size=6), max_size=6),
    st.lists(st.integers(-5, 60), max_size=8),
)
def test_each_plan_stands_before_the_first_event_that_is_not_older_and_nothing_else_moves(runs, plans):
    built = [
        Built([b"k"] * len(times), [json.dumps([n, i]).encode() for i in range(len(times))], np.array(times, float))
        for n, times in enumerate(runs)
    ]
    wanted = [DatedAnnouncement(0, float(at), b"p", f"plan {i} {at}".encode()) for i, at in enumerate(sorted(plans))]
    out = list(with_announcements(built, wanted))
    events = [(raw, at) for one in out for raw, at in zip(one.raws, one.times.tolist(), strict=True)]
    assert [raw for raw, _ in events if not raw.startswith(b"plan")] == [raw for one in built for raw in one.raws]
    if not any(runs):
        assert not events
        return
    assert [raw for raw, _ in events if raw.startswith(b"plan")] == [plan.raw for plan in wanted]
    assert sum(one.plans for one in out) == len(wanted)
    assert max((at for _, at in events), default=0) == max(map(max, filter(None, runs)))
    for place, (raw, _) in enumerate(events):
        if raw.startswith(b"plan"):
            at = float(raw.split()[-1])
            before = [when for other, when in events[:place] if not other.startswith(b"plan")]
            after = [when for other, when in events[place + 1 :] if not other.startswith(b"plan")]
            assert all(when < at for when in before)
            assert not after or after[0] >= at
    assert len(out) - len(built) in (0, 1)
