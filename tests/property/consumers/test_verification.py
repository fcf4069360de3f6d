"""The recount of the events against brute force, over every shape that event ids have."""

import string
import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.verification.events import EventBooks
from streams.contract.codec import encode
from streams.contract.messages import SaleRecorded
from streams.kafka.ends import LogEnds
from tests.support.shop import accepted

NUMERIC = st.integers(1, 20).flatmap(lambda digits: st.integers(0, 10**digits - 1).map(lambda n: f"{n:0{digits}d}"))
SHORT = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
UUIDS = st.integers(0, 2**128 - 1).map(lambda n: str(uuid.UUID(int=n)))
HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=128),
    st.sampled_from(["0", "00", "-0", "0.0", "a" * 127, "a" * 128, "A" * 128, "\u00e9", "e\u0301", "\U0001f600", " a", "a "]),
)
IDS = st.one_of(NUMERIC, SHORT, UUIDS, HOSTILE)

FATES = st.sampled_from(["accepted", "rejected", "dropped"])
QUANTITIES = st.sampled_from([1.0, -1.0, -2.0])


def brute_force(log, reached):
    """Duplicates, pending, lost offsets and those accepted again, by comparing everything with everything."""
    duplicates, pending, lost, again = 0, 0, [], []
    for at, (event_id, quantity, fate) in enumerate(log):
        before = [(e, q) for e, q, f in log[:at] if f == "accepted"]
        if fate == "accepted":
            if event_id in [e for e, _ in before]:
                again.append(at)
        elif fate == "dropped":
            if (event_id, quantity) in before:
                duplicates += 1
            elif at >= reached:
                pending += 1
            else:
                lost.append(at)
    return duplicates, pending, lost, again


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_each_event_gets_the_fate_that_brute_force_gives_it(data):
    ids = data.draw(st.lists(IDS, min_size=1, max_size=6))
    logs = data.draw(st.lists(st.lists(st.tuples(st.sampled_from(ids), QUANTITIES, FATES), max_size=14), min_size=1, max_size=3))
    committed = {p: data.draw(st.integers(0, len(log))) for p, log in enumerate(logs) if data.draw(st.booleans())}
    books = EventBooks({p: LogEnds(0, len(log)) for p, log in enumerate(logs)}, committed)
    for p, log in enumerate(logs):
        for at, (event_id, quantity, fate) in enumerate(log):
            if fate == "accepted":
                books.accepted(accepted(at + 1, partition=p, offset=at, event_id=event_id, quantity=quantity))
            elif fate == "rejected":
                books.rejected(p, at, "conflict")
    for p, log in enumerate(logs):
        for at, (event_id, quantity, _) in enumerate(log):
            sale = SaleRecorded(event_id=event_id, store="Berlin", item="milk", quantity=quantity, sold_at=1.7e9, unit_price=1.0)
            books.event(p, at, encode(sale))
    counts, wanted = books.conclude(), [0, 0, set(), set()]
    for p, log in enumerate(logs):
        traced = [at for at, one in enumerate(log) if one[2] != "dropped"]
        duplicates, pending, lost, again = brute_force(log, committed.get(p, traced[-1] + 1 if traced else 0))
        wanted[0] += duplicates
        wanted[1] += pending
        wanted[2] |= {(p, at) for at in lost}
        wanted[3] |= {(p, at) for at in again}
    by_kind = {kind: {(d.partition, d.offset) for d in books.differences if d.kind == kind} for kind in ("lost", "counted_twice")}
    assert [counts.duplicates, counts.pending] == wanted[:2]
    if len(wanted[2]) <= 20 and len(wanted[3]) <= 20:
        assert (by_kind["lost"], by_kind["counted_twice"]) == (wanted[2], wanted[3])


@settings(max_examples=60, deadline=None)
@given(st.one_of(*(st.lists(shape, min_size=300, max_size=600, unique=True) for shape in (NUMERIC, SHORT, UUIDS))), st.integers(0, 63))
def test_unique_ids_each_accepted_once_balance_in_any_partition(ids, partition):
    books = EventBooks({partition: LogEnds(0, len(ids))})
    for at, event_id in enumerate(ids):
        books.accepted(accepted(at + 1, partition=partition, offset=at, event_id=event_id))
    for at in range(len(ids)):
        books.event(partition, at, b"not looked at")
    counts = books.conclude()
    assert (books.differences, counts.accepted) == ([], len(ids))
