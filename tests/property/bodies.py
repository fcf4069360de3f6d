"""Events as tills send them, and the same with a few bytes wrong: what any decoder must live with."""

import msgspec
from hypothesis import strategies as st

from tests.unit.streams.logs import MONDAY, STORE, sale

LINE = {"event_id": "e", "store": STORE, "item": "milk", "quantity": 1}
WHOLE = [
    sale(),
    sale(type=...),
    sale(unit_price=..., amount=2.78, customer="c", cost=1.1),
    {"type": "clock-ticked.v1", "store": STORE, "at": MONDAY},
    {"type": "stock-counted.v1", **LINE, "counted_at": MONDAY},
    {"type": "stock-received.v1", **LINE, "units": 8, "received_at": MONDAY},
    {"type": "stock-written-off.v1", **LINE, "units": 2, "written_off_at": MONDAY, "reason": "waste"},
    {
        "type": "promotion-planned.v1",
        "event_id": "p",
        "store": STORE,
        "item": "milk",
        "first_day": "2025-01-01",
        "last_day": "2025-01-07",
        "planned_at": MONDAY,
    },
    {
        "type": "opening-planned.v1",
        "event_id": "o",
        "store": STORE,
        "first_day": "2025-01-01",
        "last_day": "2025-01-07",
        "open": False,
        "planned_at": MONDAY,
    },
]
"""An event of each kind; some lack something their kind needs."""

junk = st.binary(min_size=1, max_size=3) | st.sampled_from(list(b'{}[]",:\\\xff0\n ')).map(lambda byte: bytes([byte]))


@st.composite
def damaged(draw):
    """An event with bytes put in, taken out or put after its end; now and then left whole."""
    raw = msgspec.json.encode(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.just(len(raw)) | st.integers(0, len(raw)))
        raw = raw[:at] + draw(junk | st.just(b"")) + raw[at + draw(st.integers(0, 3)) :]
    return raw
