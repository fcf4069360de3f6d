"""Any bytes in any cut: no exception, nothing lost, the same bytes out."""

import os
from datetime import date, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.property.bodies import damaged
from tests.unit.streams.logs import MONDAY, PARTITIONS, STORE, log_of, sale

CASES = int(os.environ.get("SHELFCAST_CASES", "1"))
"""Factor on the number of cases."""

RULES = Rules(dedupe_window=1000)

names = st.sampled_from(["milk", "flour", "$gt", "a.b", "价"]) | st.text(max_size=8)
times = st.integers(MONDAY - 86_400, MONDAY + 10 * 86_400) | st.integers() | st.text(max_size=30) | st.floats()
sales = st.builds(
    sale,
    st.integers(0, 30),
    item=names,
    quantity=st.sampled_from([1, 2, 0, -1, 1e308, 0.5]) | st.floats() | st.none(),
    unit_price=st.sampled_from([1.39, 0, -1, ...]),
    sold_at=times,
    store=st.sampled_from([STORE, STORE, STORE, "x"]),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**62), 2**62) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
ticks = st.builds(lambda at: {"type": "clock-ticked.v1", "store": STORE, "at": at}, times)


def encoded(value):
    try:
        return msgspec.json.encode(value)
    except (msgspec.EncodeError, ValueError, OverflowError, UnicodeEncodeError):
        return b"?"


raws = st.binary(max_size=60) | damaged() | (sales | ticks | json_values).map(encoded)


def books(processor):
    rejected = sum(n for name, n in processor.counts.items() if name.startswith("rejected_"))
    return processor.seq + rejected + sum(processor.counts.get(name, 0) for name in ("duplicates", "ticks", "plans"))


@settings(max_examples=8_000 * CASES, deadline=None)
@given(st.lists(raws, max_size=6))
def test_every_event_is_accepted_or_rejected_or_a_repeat(log):
    processor = Processor(RULES, 1, PARTITIONS)
    out = processor.apply(log_of(*log))
    assert books(processor) == len(log)
    assert len(out.accepted) == processor.seq
    assert {dead.offset for dead in out.rejected} <= set(range(len(log)))


days = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["milk", "flour", "tea"]), st.integers(-1, 5)), min_size=5, max_size=60)


def plan(kind, first, length, opens, active):
    day = date(2024, 12, 30) + timedelta(days=first)
    fields = {"first_day": str(day), "last_day": str(day + timedelta(days=length)), "active": active, "event_id": f"p{first}"}
    if kind == "open":
        return fields | {"type": "opening-planned.v1", "store": STORE, "open": opens}
    return fields | {"type": "promotion-planned.v1", "store": STORE, "item": kind}


kinds = st.sampled_from(["open", "open", "milk", "tea"])
plans = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.builds(plan, kinds, st.integers(0, 90), st.integers(-1, 30), st.booleans(), st.sampled_from([True, True, False])),
    ),
    max_size=8,
)


@settings(max_examples=400 * CASES, deadline=None)
@given(days, plans, st.lists(st.integers(1, 20), min_size=1, max_size=12), st.integers(0, 11))
def test_the_same_log_cut_anywhere_gives_the_same_bytes(steps, planned, cuts, dump_at):
    at, events = MONDAY, []
    for number, (hours, item, quantity) in enumerate(steps):
        at += hours * 3600
        events.append(sale(number, item=item, quantity=quantity, sold_at=at))
        events += [{**plan, "planned_at": at} for place, plan in planned if place == number]
    log = log_of(*events)
    straight = Processor(RULES, 1, PARTITIONS)
    whole = straight.apply(log)
    cut = Processor(RULES, 1, PARTITIONS)
    accepted, forecasts, rejected, place = [], [], [], 0
    for number, size in enumerate(cuts * len(log)):
        if place >= len(log):
            break
        out = cut.apply(log[place : place + size])
        accepted += out.accepted
        forecasts += out.forecasts
        rejected += out.rejected
        place += size
        if number == dump_at:
            cut = Processor.load(cut.dump(), RULES, 1, PARTITIONS)
    assert (accepted, forecasts, rejected) == (whole.accepted, whole.forecasts, whole.rejected)
    assert cut.dump() == straight.dump()


@settings(max_examples=40_000 * CASES, deadline=None)
@given(raws | st.binary(max_size=400))
def test_the_codec_raises_nothing_but_rejections(raw):
    from streams.contract.codec import decode_event
    from streams.contract.errors import REASONS, RejectedEvent

    try:
        event = decode_event(raw)
    except RejectedEvent as error:
        assert error.reason in REASONS
        assert str(error)
    else:
        assert type(event).__struct_config__.tag.endswith(".v1")
