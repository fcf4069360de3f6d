"""Any period of any length adds up to the same, whether months come whole or day by day."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from charts.queries import sales
from charts.queries.sales import Period
from consumers.statistics.statistics import StatisticsSink
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import records_of, sales_of
from tests.support.stand_ins import BEGINNING

SOLD = sales_of(400, a_day=4)
DATABASE = MemoryDocuments()
SINK = StatisticsSink(DATABASE, metrics())
for partition in range(2):
    SINK.start(partition, BEGINNING)
SINK.write(records_of(SOLD))
DAYS = st.one_of(st.none(), st.integers(-40, 150).map(lambda n: (date(2025, 1, 1) + timedelta(days=n)).isoformat()))


@settings(max_examples=300, deadline=None)
@given(first=DAYS, last=DAYS, store=st.sampled_from([None, "store 1"]))
def test_a_period_holds_its_days_and_no_others(first, last, store):
    sold = [s for s in SOLD if (first or "0") <= s.business_date <= (last or "9") and store in (None, s.store)]
    if first and last and first > last:
        sold = []
    period = Period(first, last)
    sums = sales.totals(DATABASE, store, period)
    assert sums.revenue_micros == sum(s.revenue_micros for s in sold)
    assert (sums.first_day, sums.last_day) == (
        min((s.business_date for s in sold), default=""),
        max((s.business_date for s in sold), default=""),
    )
    items = sales.by_item(DATABASE, store, period)
    assert sum(one.row[0] for one in items.values()) == sum(round(s.quantity * 1000) for s in sold)
    assert set(items) == {s.item for s in sold}
