"""Any mix of sales, counts, deliveries and waste: out of order, twice, of unknown items, more sold than there was.

No exception, no negative stock, no negative demand; each event counts once; a ledger that was wrong says so; and wherever the log is cut,
the state goes on as it was.
"""

import math
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contract.codec import decode_output
from streams.contract.stock_messages import LostSalesEstimated, RunsOutExpected, ShelfSilent, StockStated
from streams.processor.ledger import UNKNOWN
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import MONDAY, PARTITIONS, STORE, log_of, sale

CASES = int(os.environ.get("SHELFCAST_CASES", "1"))
"""Factor on the number of cases."""

RULES = Rules(dedupe_window=1000)
OPENED = MONDAY - 2 * 3600
HISTORY = [
    sale(1000 * day + hour, item=item, quantity=quantity, sold_at=OPENED + day * 86_400 + hour * 3600)
    for day in range(9)
    for hour in range(0, 12, 2)
    for item, quantity in (("milk", 4), ("tea", 2))
]
"""Nine days of sales, so that something is expected of the coming ones."""
NOW = OPENED + 9 * 86_400

FIELDS = {"stock-counted.v1": "counted_at", "stock-received.v1": "received_at", "stock-written-off.v1": "written_off_at"}
units = st.sampled_from([0, 1, 5, 9, 40, 0.3, -1, -7, 1e9]) | st.floats(-50, 50)
items = st.sampled_from(["milk", "tea", "new", "newer"])
at = st.integers(-30 * 3600, 5 * 86_400)  # before, on, and after the first day without history


def moved(kind, number, item, amount, when):
    event = {"type": kind, "event_id": f"s{number}", "store": STORE, "item": item, "units": amount, FIELDS[kind]: NOW + when}
    return event | ({"reason": "waste"} if kind == "stock-written-off.v1" else {})


def sold(number, item, amount, left, when):
    return sale(50_000 + number, item=item, quantity=amount or 1, stock_left=left, sold_at=NOW + when)


numbers = st.integers(0, 25)
moves = st.builds(moved, st.sampled_from(list(FIELDS)), numbers, items, units, at)
sales = st.builds(sold, numbers, items, st.sampled_from([1, 2, 9, 0.5, -1]), st.sampled_from([..., ..., 0, -3, 5, 1.5]), at)
mixes = st.lists(moves | sales, min_size=1, max_size=40)


def started():
    processor = Processor(RULES, 1, PARTITIONS)
    processor.apply(log_of(*HISTORY))
    return processor


START = bytes(started().dump())


def applied(events, cut=None):
    """The processor after the history and some events, and what it wrote; with a cut it goes on from its dump there."""
    processor = Processor.load(START, RULES, 1, PARTITIONS)
    log = log_of(*events, first=len(HISTORY))
    out = processor.apply(log[:cut])
    written = [*out.accepted, *out.forecasts, *((dead.offset, dead.reason) for dead in out.rejected)]
    if cut is not None:
        processor = Processor.load(processor.dump(), RULES, 1, PARTITIONS)
        out = processor.apply(log[cut:])
        written += [*out.accepted, *out.forecasts, *((dead.offset, dead.reason) for dead in out.rejected)]
    return processor, written


def told(written):
    return [decode_output(raw) for key, raw in written if isinstance(raw, bytes) and b'"partition"' in raw and b'"seq"' not in raw]


def ledger(processor):
    store = processor._stores[STORE]
    return {} if store.ledger is None else {store.names[row]: line for row, line in store.ledger.lines.items()}


@settings(max_examples=30 * CASES, deadline=None)
@given(mixes)
def test_any_mix_keeps_the_promises(events):
    closing = {"type": "clock-ticked.v1", "store": STORE, "at": NOW + 6 * 86_400}
    processor, written = applied([*events, closing])
    messages, lines = told(written), ledger(processor)
    wrong = dict.fromkeys(lines, 0)
    for one in messages:
        if isinstance(one, StockStated):
            assert one.units >= 0
            wrong[one.item] += one.cause == "wrong"
            assert one.cause != "wrong" or (one.units, one.knows) == (0, "unknown")
        elif isinstance(one, LostSalesEstimated):
            assert min(one.units, one.units_p10, one.units_p90 - one.units) >= 0
            assert all(item.demand >= max(item.sold, 0) and item.p90 >= item.demand - 1e-3 and item.p10 >= 0 for item in one.items)
        elif isinstance(one, ShelfSilent | RunsOutExpected):
            assert 0 <= one.probability <= 1
    assert wrong == {name: line.wrong for name, line in lines.items()}
    for name, line in lines.items():
        assert line.units >= 0
        assert math.isfinite(line.units + line.shrink + line.received)
        newest = next((one for one in reversed(messages) if isinstance(one, StockStated) and one.item == name), None)
        # Every line that moved was told at the close at the latest: whoever reads the newest message knows the ledger.
        assert newest is None or (newest.units, newest.wrong, newest.counts) == (line.units, line.wrong, line.counts)
        assert newest is not None or (line.knows, line.units) == (UNKNOWN, 0)


@settings(max_examples=15 * CASES, deadline=None)
@given(mixes, st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=8))
def test_what_is_booked_twice_counts_once(events, again):
    once, _ = applied(events)
    repeated = list(events)
    for first, later in sorted(again, reverse=True):
        if first < len(events):
            repeated.insert(min(max(later, first + 1), len(repeated)), events[first])
    twice, _ = applied(repeated)
    assert {name: line_of(line) for name, line in ledger(twice).items()} == {name: line_of(line) for name, line in ledger(once).items()}
    assert twice.seq == once.seq


def line_of(line):
    return repr([getattr(line, name) for name in line.__slots__])


@settings(max_examples=15 * CASES, deadline=None)
@given(mixes, st.integers(0, 40))
def test_cut_anywhere_it_goes_on_as_it_was(events, cut):
    closing = {"type": "clock-ticked.v1", "store": STORE, "at": NOW + 6 * 86_400}
    log = [*events, closing]
    straight, whole = applied(log)
    broken, pieces = applied(log, min(cut, len(log)))
    assert sorted(map(repr, pieces)) == sorted(map(repr, whole))
    assert broken.dump() == straight.dump()
