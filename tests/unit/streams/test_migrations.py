"""Snapshots of released formats load and go on as if the state had always been of the present one."""

import msgspec
import pytest

from online_model.calendar.opening import Opening
from online_model.combine import gate
from streams.processor.ledger import Ledger
from streams.processor.migrations import FORMAT
from streams.processor.processor import Processor
from tests.unit.streams.format_log import FOLDER, RULES, SNAPSHOT_AT, log, snapshot
from tests.unit.streams.logs import DAY, PARTITIONS, STORE, log_of

NOT_LEARNED = ("stock-stated.v1", "predicted-totals.v1", "runs-out-expected.v1")
KEPT = sorted(int(path.stem.partition("-")[2]) for path in FOLDER.iterdir())


@pytest.fixture(params=KEPT)
def upgraded(request):
    return Processor.load(snapshot(request.param), RULES, 1, PARTITIONS)


def test_every_format_before_the_present_one_is_kept():
    assert KEPT[:FORMAT] in (list(range(1, FORMAT)), list(range(1, FORMAT + 1)))


def told_no_stock(records):
    """Formats 1 and 2 did not keep how a stock was known, so hours without stock hid no demand from them: here nobody tells of any."""
    events = [msgspec.json.decode(record.value) for record in records]
    return log_of(*({k: v for k, v in event.items() if k != "stock_left"} for event in events), first=records[0].offset)


def forecasts(out):
    """The messages but what follows from the stock that the older format held, and the numbers of messages.

    Nor those of running days: format 2 did not know what a running day teaches, and format 3 held no promise of a stock-out against what
    came, so an upgraded state has yet to learn it.
    """
    found = [msgspec.json.decode(value) for _, value in out.forecasts]
    for message in found:
        message["id"] = ""
        if message["type"] == "shelf-allocation.v1":
            message["reasons"] = ()
            message["items"] = [{k: v for k, v in item.items() if k not in ("order_units", "stock")} for item in message["items"]]
    return [message for message in found if message["type"] not in NOT_LEARNED and not of_today(message)]


def of_today(message):
    return message["type"] == "predicted-sales.v1" and message["horizons"][0]["horizon"] == "today"


@pytest.mark.parametrize("number", KEPT)
def test_an_old_snapshot_forecasts_as_if_it_had_always_been_of_the_present_format(number, monkeypatch):
    # What the rest of a day sells was taught by days on which something was out only: so it is here for both.
    close = Ledger.close
    monkeypatch.setattr(Ledger, "close", lambda *asked: found if (found := close(*asked)).any() else None)
    # A young pool served the same-weekday mean for four weeks too, and bands knew no doubt of the calendar: so it is here for both.
    monkeypatch.setattr(gate, "fallback", lambda weekday_mean, _: weekday_mean)
    monkeypatch.setattr(Opening, "doubt", lambda _: 0.0)
    upgraded = Processor.load(snapshot(number), RULES, 1, PARTITIONS)
    records = log() if number > 2 else told_no_stock(log())
    straight = Processor(RULES, 1, PARTITIONS)
    straight.apply(records[:SNAPSHOT_AT])
    assert upgraded.model.dump().keys() == straight.model.dump().keys()
    out, expected = upgraded.apply(records[SNAPSHOT_AT:]), straight.apply(records[SNAPSHOT_AT:])
    assert len(expected.forecasts) > 50
    assert forecasts(out) == forecasts(expected)
    assert out.accepted == expected.accepted
    assert upgraded.counts["days"] == straight.counts["days"]


def test_a_repeat_from_before_the_upgrade_is_dropped_and_no_conflict(upgraded):
    past = [record for record in log()[:SNAPSHOT_AT] if b"sale-recorded" in record.value][-500:]
    repeats = log_of(*(record.value for record in past), first=SNAPSHOT_AT)
    out = upgraded.apply(repeats)
    assert not out.accepted
    assert {dead.reason for dead in out.rejected} <= {"conflict"}  # those that were conflicts before, as far as the format knows


def test_an_id_from_before_the_upgrade_with_another_content_is_no_second_sale(upgraded):
    """Its content of then is not known: it is dropped, as the repeat that it most likely is."""
    newest = next(r.value for r in reversed(log()[:SNAPSHOT_AT]) if b"sale-recorded" in r.value)
    out = upgraded.apply(log_of(msgspec.json.decode(newest) | {"quantity": 77}, first=SNAPSHOT_AT))
    assert not out.accepted


def test_what_an_upgraded_state_dumps_loads_without_a_step(upgraded):
    again = Processor.load(upgraded.dump(), RULES, 1, PARTITIONS)
    assert again.dump() == upgraded.dump()
    tick = {"type": "clock-ticked.v1", "store": STORE, "at": 1_743_984_000 + DAY}
    assert again.apply(log_of(tick, first=SNAPSHOT_AT)).forecasts == upgraded.apply(log_of(tick, first=SNAPSHOT_AT)).forecasts
