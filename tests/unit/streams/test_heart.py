"""The processor: what a partition's log leads to."""

import math
from datetime import date, timedelta

import msgspec
import pytest

from streams.contract.codec import decode_accepted, decode_output
from streams.contract.horizons import HORIZON_NAMES, HORIZONS
from streams.contract.messages import DriftDetected, ForecastScored, PredictedSales, ShelfAllocation
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, STORE, Record, log_of, sale, store_of


@pytest.fixture
def processor() -> Processor:
    return Processor(Rules(), 1, PARTITIONS)


def accepted(outputs):
    return [decode_accepted(value) for _, value in outputs.accepted]


def messages(outputs):
    return [decode_output(value) for _, value in outputs.forecasts]


def test_a_sale_is_accepted_once_with_exact_money(processor):
    (one,) = accepted(processor.apply(log_of(sale(quantity=3, unit_price=0.1, unit_cost=0.07))))
    assert (one.revenue_micros, one.profit_micros, one.seq, one.offset) == (300_000, 90_000, 1, 0)
    assert (one.business_date, one.hour, one.store) == ("2024-12-30", 10, STORE)


def test_what_was_charged_counts_and_not_the_price(processor):
    (one,) = accepted(processor.apply(log_of(sale(quantity=3, unit_price=0.5, amount=1.39, profit=0.3475))))
    assert (one.revenue_micros, one.profit_micros) == (1_390_000, 347_500)


def test_profit_is_absent_where_nothing_tells_it(processor):
    (one,) = accepted(processor.apply(log_of(sale())))
    assert one.profit_micros is None


def test_who_bought_where_is_carried_and_nothing_is_written_where_it_is_not_said(processor):
    said = {"customer": "c1", "cashier": "Eve", "category": "dairy", "channel": "web", "order_id": "o1", "list_price": 1.5}
    said["on_promotion"] = True
    [named] = processor.apply(log_of(sale(0, **said))).accepted
    [plain] = processor.apply(log_of(sale(1), first=1)).accepted
    assert {name: msgspec.json.decode(named[1]).get(name) for name in said} == said
    assert list(msgspec.json.decode(plain[1])) == [
        "type", "event_id", "store", "item", "quantity", "sold_at", "business_date", "hour", "revenue_micros", "partition", "offset", "seq",
        "late_seconds",
    ]  # fmt: skip


def test_a_return_subtracts_what_the_sale_added(processor):
    sold, returned = accepted(processor.apply(log_of(sale(0, unit_cost=1), sale(1, quantity=-2, unit_cost=1))))
    assert sold.revenue_micros + returned.revenue_micros == 0
    assert sold.profit_micros + returned.profit_micros == 0


def test_a_repeated_event_is_dropped_and_counted(processor):
    out = processor.apply(log_of(sale(1), sale(1)))
    assert len(out.accepted) == 1
    assert not out.rejected
    assert processor.counts["duplicates"] == 1


def test_a_repeat_written_differently_is_still_a_repeat(processor):
    event = sale(1)
    again = msgspec.json.encode(dict(reversed(event.items())))
    out = processor.apply(log_of(event, again))
    assert len(out.accepted) == 1
    assert not out.rejected


@pytest.mark.parametrize(
    "change", [{"quantity": 3}, {"item": "flour"}, {"unit_price": 2.0}, {"sold_at": MONDAY + 61}, {"profit": 1.0}, {"unit_cost": 1.0}]
)
def test_an_id_with_another_content_is_a_conflict(processor, change):
    out = processor.apply(log_of(sale(1), sale(2, item="flour"), sale(1, **change)))
    (dead,) = out.rejected
    assert dead.reason == "conflict"
    assert len(out.accepted) == 2


def test_an_id_is_forgotten_after_two_windows():
    processor = Processor(Rules(dedupe_window=1000), 1, PARTITIONS)
    processor.apply(log_of(*(sale(i) for i in range(2000))))
    assert len(processor.apply(log_of(sale(1500), first=2000)).accepted) == 0
    assert len(processor.apply(log_of(sale(1), first=2001)).accepted) == 1


@pytest.mark.parametrize(
    ("raw", "reason", "words"),
    [
        (b"not json", "not_json", "not JSON"),
        (b"\xff\xfe", "not_json", "not JSON"),
        (b"[" * 100_000, "invalid", "object"),
        (b'"' + b"x" * 2_000_000 + b'"', "too_large", "2000002 bytes"),
        (b'{"type":"sale-recalled.v1"}', "unknown_type", "sale-recalled.v1"),
        (sale(item=...), "invalid", "item"),
        (sale(event_id=...), "invalid", "event_id"),
        (sale(unit_price=...), "invalid", "unit_price"),
        (sale(quantity=0), "invalid", "quantity is 0"),
        (sale(quantity=1e308), "invalid", "quantity"),
        (b'{"event_id":"e","store":"1","item":"a","quantity":NaN,"sold_at":1735552800,"unit_price":1}', "not_json", "not JSON"),
        (sale(item="a\nforged log line"), "invalid", "control character"),
        (sale(item="x" * 1_000_000), "too_large", "bytes"),
        (sale(item="x" * 1000), "invalid", "128"),
        (sale(sold_at="9999-12-31T00:00:00Z"), "time_out_of_range", "2000 to 2099"),
        (sale(sold_at=0), "time_out_of_range", "till's clock"),
        (sale(sold_at="2024-12-30T10:00:00"), "invalid", "offset"),
        (sale(store=store_of(2)), "wrong_partition", "murmur2_random"),
        (b"", "not_json", "not JSON"),
        (b'{"event_id":"e","store":"1","item":"a","quantity":1,"sold_at":1735552800,"unit_price":1}{', "not_json", "trailing"),
    ],
)
def test_bad_input_is_a_dead_letter_with_its_reason_and_the_stream_goes_on(processor, raw, reason, words):
    out = processor.apply(log_of(sale(1), raw, sale(2)))
    (dead,) = out.rejected
    assert dead.reason == reason
    assert words in dead.sentence
    assert dead.offset == 1
    assert len(out.accepted) == 2


def test_a_missing_value_is_a_dead_letter(processor):
    (dead,) = processor.apply([Record(0, 0, None, None)]).rejected
    assert dead.reason == "not_json"


def test_a_sale_from_the_day_after_tomorrow_is_refused(processor):
    written = (MONDAY - 3 * DAY) * 1000
    (dead,) = processor.apply(log_of(sale(), timestamp=written)).rejected
    assert dead.reason == "time_out_of_range"
    assert "more than two days ahead" in dead.sentence


@pytest.mark.parametrize("name", ["$where", "a.b", "../../etc/passwd", "{'$gt': ''}", "<script>", "价格", "مرحبا", "a/b\\c", "-", " "])
def test_hostile_names_are_data(processor, name):
    out = processor.apply(log_of(sale(1, item=name, cashier=name), sale(2)))
    assert [one.item for one in accepted(out)] == [name, "milk"]


def test_a_lone_surrogate_is_a_dead_letter(processor):
    raw = msgspec.json.encode(sale(1)).replace(b"milk", b"a\\ud800b")
    (dead,) = processor.apply(log_of(raw)).rejected
    assert dead.reason in ("invalid", "not_json")


def a_week(days: int = 10, items: tuple[str, ...] = ("milk", "flour")):
    number = 0
    for day in range(days):
        for hour in (9, 12, 17):
            for item in items:
                number += 1
                yield sale(number, item=item, quantity=2 + day % 3, sold_at=MONDAY - 10 * 3600 + day * DAY + hour * 3600)


def test_a_closed_day_forecasts_every_item_and_plans_the_shelf(processor):
    out = processor.apply(log_of(*a_week()))
    found = messages(out)
    closes = [m for m in found if isinstance(m, PredictedSales) and m.horizons[0].horizon != "today"]
    assert {m.item for m in closes} == {"milk", "flour"}
    newest = closes[-1]
    assert [h.horizon for h in newest.horizons] == list(HORIZON_NAMES)
    assert newest.horizons[0].first_day == "2025-01-08"
    assert newest.horizons[-1].last_day == "2025-02-04"
    for horizon in newest.horizons:
        assert 0 <= horizon.p10 <= horizon.p50 <= horizon.p90
        assert horizon.mean > 0
        assert horizon.same_weekday_mean >= 0
    plans = [m for m in found if isinstance(m, ShelfAllocation)]
    assert plans
    for plan in plans:
        assert math.isclose(sum(a.shelf_space_percentage for a in plan.items), 100, abs_tol=1e-4)


def test_path_and_horizons_agree(processor):
    out = processor.apply(log_of(*a_week()))
    newest = [m for m in messages(out) if isinstance(m, PredictedSales) and m.path][-1]
    for horizon, days in zip(newest.horizons, (horizon.days for horizon in HORIZONS), strict=True):
        assert math.isclose(sum(newest.path[:days]), horizon.mean, rel_tol=0.02, abs_tol=0.01)


def test_a_forecast_is_scored_only_by_what_came_after_it(processor):
    out = processor.apply(log_of(*a_week(20)))
    scores = [m for m in messages(out) if isinstance(m, ForecastScored)]
    day = [m for m in scores if m.horizon == "day"]
    assert day
    sold_on = {f"2025-01-{d:02}": 3 * (2 + (d + 1) % 3) for d in range(1, 19)}
    for score in day:
        assert score.first_day > score.origin
        if score.first_day in sold_on:
            assert {i.actual for i in score.items} == {sold_on[score.first_day]}


def test_today_is_forecast_while_it_runs(processor):
    out = processor.apply(log_of(*a_week()))
    todays = [m for m in messages(out) if isinstance(m, PredictedSales) and m.horizons[0].horizon == "today"]
    assert todays
    for m in todays:
        assert m.horizons[0].mean >= m.sold_so_far


def test_today_is_said_again_only_when_it_moved():
    processor = Processor(Rules(nowcast_seconds=600), 1, PARTITIONS)
    log = [
        sale(n, sold_at=MONDAY + day * DAY + minute * 60)
        for n, (day, minute) in enumerate((d, m) for d in range(14) for m in range(0, 300, 5))
    ]
    processor.apply(log_of(*log))

    def said(*events):
        out = processor.apply(log_of(*events, first=processor.next_offset))
        return [m for m in messages(out) if isinstance(m, PredictedSales) and m.horizons[0].horizon == "today"]

    newest = MONDAY + 13 * DAY + 295 * 60
    as_expected = [sale(10_000 + n, sold_at=newest + 660 * n) for n in range(1, 6)]
    assert said(*as_expected) == []
    bought_out = [sale(20_000 + n, quantity=200, sold_at=newest + 3600 + 660 * n) for n in range(2)]
    (again,) = said(*bought_out)
    assert again.horizons[0].mean > 200


def test_ids_are_unique_and_in_order(processor):
    ids = [m.id for m in messages(processor.apply(log_of(*a_week(20)))) if not isinstance(m, DriftDetected)]
    assert len(ids) == len(set(ids))
    places = [tuple(map(int, one.split("-"))) for one in ids]
    assert places == sorted(places)


def test_a_tick_closes_a_quiet_day(processor):
    processor.apply(log_of(sale()))
    tick = {"type": "clock-ticked.v1", "store": STORE, "at": MONDAY + DAY}
    out = processor.apply(log_of(tick, first=1))
    assert processor.counts["days"] == 1
    assert any(isinstance(m, PredictedSales) for m in messages(out))


def test_a_closed_day_forecasts_the_next_and_a_long_silence_does_not(processor):
    processor.apply(log_of(sale()))
    ticks = [{"type": "clock-ticked.v1", "store": STORE, "at": MONDAY + day * DAY} for day in range(1, 40)]
    found = messages(processor.apply(log_of(*ticks, first=1)))
    origins = sorted({m.origin for m in found if isinstance(m, PredictedSales) and m.path})
    assert origins[0] == "2024-12-30"
    assert len(origins) == 1 + 14


def test_a_day_waits_for_the_allowed_lateness(processor):
    midnight = MONDAY + 14 * 3600
    processor.apply(log_of(sale(1), sale(2, sold_at=midnight + 3599)))
    assert "days" not in processor.counts
    (in_time,) = accepted(processor.apply(log_of(sale(3, sold_at=midnight - 1), first=2)))
    assert in_time.late_seconds == 0
    processor.apply(log_of(sale(4, sold_at=midnight + 3600), first=3))
    assert processor.counts["days"] == 1


def test_a_late_sale_counts_for_its_own_day_and_says_how_late(processor):
    processor.apply(log_of(sale(1), sale(2, sold_at=MONDAY + 2 * DAY)))
    (late,) = accepted(processor.apply(log_of(sale(3), first=2)))
    assert late.business_date == "2024-12-30"
    assert late.late_seconds == 2 * DAY - 180
    assert processor.counts["late"] == 1


def test_the_business_day_is_the_stores():
    processor = Processor(Rules(timezone="America/New_York"), 1, PARTITIONS)
    (one,) = accepted(processor.apply(log_of(sale(sold_at="2025-01-01T03:30:00Z"))))
    assert (one.business_date, one.hour) == ("2024-12-31", 22)


def test_the_day_of_the_clock_change_has_its_25_hours():
    processor = Processor(Rules(timezone="Europe/Berlin", lateness_seconds=0), 1, PARTITIONS)
    processor.apply(log_of(sale(1, sold_at="2025-10-26T00:30:00+02:00"), sale(2, sold_at="2025-10-26T22:59:59Z")))
    assert "days" not in processor.counts
    processor.apply(log_of(sale(3, sold_at="2025-10-26T23:00:00Z"), first=2))
    assert processor.counts["days"] == 1


def opening(first_day, last_day, **changes):
    event = {
        "type": "opening-planned.v1",
        "event_id": f"o-{first_day}",
        "store": STORE,
        "first_day": first_day,
        "last_day": last_day,
        "open": False,
        "planned_at": MONDAY,
    }
    return event | changes


def week_ahead(processor, *events, days=3):
    """Expected units of the 28 days after the last of some days with a sale, once `events` have come."""
    out = processor.apply(log_of(sale(0), *events, *(sale(i, sold_at=MONDAY + i * DAY) for i in range(1, days))))
    return [m for m in messages(out) if isinstance(m, PredictedSales) and m.path][-1]


def test_a_planned_closure_is_forecast_as_one_until_it_is_withdrawn():
    def path(*events):
        found = week_ahead(Processor(Rules(), 1, PARTITIONS), *events)
        return [units == 0 for units in found.path], found.horizons[1].open_days

    closed = opening("2025-01-03", "2025-01-04")  # the newest closed day is the last of 2024
    assert path() == ([False] * 28, 7)
    assert path(closed) == ([False, False, True, True] + [False] * 24, 5)
    assert path(closed, opening("2025-01-03", "2025-01-03", open=True)) == ([False, False, False, True] + [False] * 24, 6)
    assert path(closed, opening("2025-01-03", "2025-01-04", active=False)) == ([False] * 28, 7)


def test_a_store_that_said_when_it_reopens_is_forecast_before(processor):
    """A month of rebuilding: silent after two weeks, forecast again from 28 days before it opens."""
    processor.apply(log_of(*(sale(i, sold_at=MONDAY + i * DAY) for i in range(20)), opening("2025-01-19", "2025-03-10")))
    ticks = [{"type": "clock-ticked.v1", "store": STORE, "at": MONDAY + i * DAY} for i in range(20, 70)]
    said = [m for m in messages(processor.apply(log_of(*ticks, first=21))) if isinstance(m, PredictedSales) and m.path]
    origins = [m.origin for m in said]
    assert origins[:14] == [f"2025-01-{day}" for day in range(18, 32)]
    assert origins[15] == "2025-02-11"
    assert [units > 0 for units in said[15].path] == [False] * 27 + [True]


def test_a_silent_store_that_says_when_it_opens_is_forecast_before(processor):
    processor.apply(log_of(*(sale(i, sold_at=MONDAY + i * DAY) for i in range(20))))
    ticks = [{"type": "clock-ticked.v1", "store": STORE, "at": MONDAY + i * DAY} for i in range(20, 70)]
    log = log_of(*ticks[:20], opening("2025-03-05", "2025-03-20", open=True), *ticks[20:], first=20)
    origins = [m.origin for m in messages(processor.apply(log)) if isinstance(m, PredictedSales) and m.path]
    assert origins[14:16] == ["2025-02-01", "2025-02-07"]


def test_what_changes_nothing_makes_no_store_and_no_item_known(processor):
    processor.apply(log_of(sale(0), sale(1, sold_at=MONDAY + 3 * DAY)))
    promotion = {"type": "promotion-planned.v1", "item": "tea", "first_day": "2025-02-01", "last_day": "2025-02-03"}
    over = opening("2024-12-30", "2024-12-31")
    nothing = [
        opening("2025-02-01", "2025-02-03", active=False),
        opening("2025-02-01", "2025-02-03") | promotion | {"active": False},
        over,
        over | promotion | {"first_day": "2024-12-30", "last_day": "2024-12-31"},
    ]
    assert not processor.apply(log_of(*nothing, first=2)).rejected
    impossible = processor.apply(log_of(opening("2025-02-30", "2025-03-01"), opening("0001-01-01", "0001-01-02"), first=6)).rejected
    assert [dead.reason for dead in impossible] == ["invalid", "invalid"]
    assert (processor.stores, processor.series) == (1, 1)
    fresh = Processor(Rules(), 1, PARTITIONS)
    fresh.apply(log_of(opening("2025-02-01", "2025-02-03", active=False), opening("2025-02-30", "2025-03-01")))
    assert fresh.stores == 0


def test_plans_are_part_of_the_state(processor):
    processor.apply(log_of(sale(0), opening("2025-01-03", "2025-01-04")))
    again = Processor.load(processor.dump(), processor.rules, 1, PARTITIONS)
    assert again.dump() == processor.dump()
    rest = log_of(*(sale(i, sold_at=MONDAY + i * DAY) for i in range(1, 5)), first=2)
    assert again.apply(rest).forecasts == processor.apply(rest).forecasts


def test_a_store_keeps_a_bounded_number_of_plans(processor, monkeypatch):
    days = [str(date(2025, 1, 1) + timedelta(days=i)) for i in range(1001)]
    out = processor.apply(log_of(sale(0), *(opening(day, day) for day in days)))
    assert [dead.reason for dead in out.rejected] == ["too_many_plans"]
    assert not processor.apply(log_of(opening(days[0], days[100]), opening(days[-1], days[-1]), first=1002)).rejected
    monkeypatch.setattr("streams.processor.store.MAX_PROMOTIONS", 2)
    promotions = [{**opening(day, day), "type": "promotion-planned.v1", "item": "milk"} for day in (*days[:3], days[0])]
    assert [dead.reason for dead in processor.apply(log_of(*promotions, first=1004)).rejected] == ["too_many_plans"]


def test_a_planned_promotion_must_be_a_period(processor):
    plan = {
        "type": "promotion-planned.v1",
        "event_id": "p",
        "store": STORE,
        "item": "milk",
        "first_day": "2025-01-10",
        "last_day": "2025-01-01",
        "planned_at": MONDAY,
    }
    (dead,) = processor.apply(log_of(plan)).rejected
    assert "last_day" in dead.sentence


def test_a_message_without_a_type_is_a_sale(processor):
    assert len(processor.apply(log_of(sale(type=...))).accepted) == 1


def test_unknown_fields_pass(processor):
    assert len(processor.apply(log_of(sale(weather="rain", nested={"a": [1]}))).accepted) == 1


def test_records_below_the_next_offset_are_passed_over(processor):
    log = log_of(*(sale(i) for i in range(10)))
    processor.apply(log)
    out = processor.apply(log)
    assert len(out) == 0
    assert processor.next_offset == 10


def test_a_tick_far_ahead_of_its_record_closes_nothing(processor):
    written = int((MONDAY + 60) * 1000)
    processor.apply(log_of(sale(sold_at=MONDAY), timestamp=written))
    ahead = [{"type": "clock-ticked.v1", "store": STORE, "at": MONDAY + 60 + seconds} for seconds in (47 * 3600, 301, 300)]
    out = processor.apply(log_of(*ahead, first=1, timestamp=written))
    assert [rejection.reason for rejection in out.rejected] == ["time_out_of_range"] * 2
    assert (processor.counts.get("days", 0), processor.counts["ticks"]) == (0, 1)
