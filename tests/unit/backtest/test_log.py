"""A file becomes the log it would have been."""

from datetime import date, timedelta

import pytest

from producers.announcements.known_ahead import KnownAhead
from streams.contract.codec import decode_event, seconds_of
from streams.contract.errors import UsageError
from streams.contract.messages import ClockTicked, OpeningPlanned, PromotionPlanned, SaleRecorded
from streams.processor.local_time import EPOCH_ORDINAL
from tests.support.daily import FIRST, rows_of, written
from workbench.backtest.event_log import SalesLog
from workbench.backtest.source import open_sales
from workbench.backtest.survey import survey


@pytest.fixture
def sales(tmp_path):
    return open_sales(*written(rows_of(60), tmp_path), None, None)


def events(sales, *, known_ahead=False, partitions=1):
    log = SalesLog(sales, survey(sales, KnownAhead(promotions=known_ahead)), partitions, 3600.0)
    runs = list(log.runs())
    return log, [[(record, decode_event(record.value)) for run in runs for record in run[p]] for p in range(partitions)]


def at(event):
    if isinstance(event, SaleRecorded):
        return seconds_of(event.sold_at, "sold_at")
    return seconds_of(event.at if isinstance(event, ClockTicked) else event.planned_at, "at")


def test_a_file_sorted_by_series_comes_in_the_order_of_time(sales):
    log, [found] = events(sales)
    times = [record.timestamp for record, _ in found]
    assert times == sorted(times)
    assert [record.offset for record, _ in found] == list(range(len(found)))
    rows = rows_of(60)
    assert sum(isinstance(event, SaleRecorded) for _, event in found) == sum(row["units"] > 0 for row in rows) == log.counts.sales
    assert log.counts.skipped == {"0 units: a day without a sale": sum(row["units"] == 0 for row in rows)}


def test_every_store_that_has_sold_gets_a_tick_at_each_end_of_day(sales):
    _, [found] = events(sales)
    ticks = [(event.store, at(event)) for _, event in found if isinstance(event, ClockTicked)]
    assert len(ticks) == len(set(ticks)) == 2 * 60
    closes = {(FIRST.toordinal() - EPOCH_ORDINAL + 1 + day) * 86400 + 3600 for day in range(60)}
    assert {moment for _, moment in ticks} == closes


def test_promotions_are_announced_before_the_close_28_days_ahead_and_never_before_the_first_sale(sales):
    _, [found] = events(sales, known_ahead=True)
    plans = [event for _, event in found if isinstance(event, PromotionPlanned)]
    promoted = {(row["store"], row["date"]) for row in rows_of(60) if row["promo"]}
    told = set()
    for plan in plans:
        first, last = date.fromisoformat(plan.first_day), date.fromisoformat(plan.last_day)
        told |= {(plan.store, (first + timedelta(days=n)).isoformat()) for n in range((last - first).days + 1)}
        announced = FIRST + timedelta(days=int(at(plan) // 86400) - (FIRST.toordinal() - EPOCH_ORDINAL) - 1)
        assert announced <= max(first - timedelta(days=29), FIRST)
        assert plan.item == "apples"
    assert told == promoted
    assert not [event for _, event in events(sales)[1][0] if isinstance(event, PromotionPlanned)]


def test_stores_are_shared_among_partitions_as_kafka_would(sales):
    _, found = events(sales, partitions=4)
    homes = [{event.store for _, event in part} for part in found]
    assert sorted(store for home in homes for store in home) == ["Leeds", "York"]
    assert all([record.offset for record, _ in part] == list(range(len(part))) for part in found)


def test_promotions_ahead_need_a_promotion_column(tmp_path):
    file, mapping = written(rows_of(40), tmp_path)
    mapping.write_text(mapping.read_text().replace('on_promotion = "promo"\n', ""))
    with pytest.raises(UsageError, match="on_promotion"):
        survey(open_sales(file, mapping, None, None), KnownAhead(promotions=True))


def test_open_days_ahead_need_a_column_of_them(sales):
    with pytest.raises(UsageError, match="open = "):
        survey(sales, KnownAhead(openings=True))


def test_open_and_closed_days_are_announced_ahead_and_a_day_without_a_row_is_closed(tmp_path):
    """York is closed on Sundays, by its column; Leeds from 9 to 15 February, by having no rows."""
    gone = {str(date(2024, 2, day)) for day in range(9, 16)}
    rows = [row for row in rows_of(60) if row["store"] == "York" or row["date"] not in gone]
    for row in rows:
        row["is open"] = "no" if row["store"] == "York" and date.fromisoformat(row["date"]).weekday() == 6 else "yes"
    file, mapping = written(rows, tmp_path)
    mapping.write_text('open = "is open"\n' + mapping.read_text())
    sales = open_sales(file, mapping, None, None)
    found = survey(sales, KnownAhead(openings=True))
    plans = [(decode_event(plan.raw), plan.on_day) for plan in found.announcements]
    assert all(isinstance(plan, OpeningPlanned) for plan, _ in plans)
    told: dict[str, dict[date, bool]] = {"York": {}, "Leeds": {}}
    for plan, on_day in plans:
        first, last = date.fromisoformat(plan.first_day), date.fromisoformat(plan.last_day)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        told[plan.store] |= dict.fromkeys(days, plan.open)
        assert on_day == max(first.toordinal() - EPOCH_ORDINAL - 30, FIRST.toordinal() - EPOCH_ORDINAL)
    every = [FIRST + timedelta(days=n) for n in range(60)]
    assert told["York"] == {day: day.weekday() != 6 for day in every}
    assert told["Leeds"] == {day: str(day) not in gone for day in every}


def test_plans_go_to_the_items_and_stores_of_the_sales_however_they_are_named(tmp_path):
    """A store joined of two columns, and an item that is a constant with a coarser name."""
    file, mapping = written(rows_of(60), tmp_path)
    text = mapping.read_text()
    for line in ('store = "store"\n', 'item = "item"\n'):
        assert line in text
        text = text.replace(line, "")
    text = text.replace("[constants]\n", '[joined]\nstore = ["item", "store"]\n[constants]\nitem = "fruit"\n')
    mapping.write_text(text + '[groups.item.names]\nfruit = "food"\n')
    _, [found] = events(open_sales(file, mapping, None, None), known_ahead=True)
    sold, planned = ({(e.store, e.item) for _, e in found if isinstance(e, kind)} for kind in (SaleRecorded, PromotionPlanned))
    assert planned
    assert planned <= sold
    assert {item for _, item in sold} == {"food"}
    assert "apples York" in {store for store, _ in sold}
