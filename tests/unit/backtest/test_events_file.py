"""A backtest of a file of events: taken as it is, today scored by the hour, hours without stock no demand of zero."""

import csv
import io
import json

import pytest

from producers.sources.files import NdJson
from producers.sources.wire import AS_IT_IS, WireBuilder, WireEvents, builder_of, open_events_or_table
from tests.support import stocked
from tests.unit.streams.logs import sale
from workbench.backtest import live
from workbench.backtest.running import DEMAND_COLUMNS, SCORED_HOURS
from workbench.backtest.source import open_sales
from workbench.backtest.survey import survey


def file_of(folder, events):
    path = folder / "events.ndjson"
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in events))
    return path


def run(path, days=8):
    sales = open_sales(path, None, None, None)
    return live.run(sales, survey(sales), scored_days=days, horizons=["day"], keep_demand=True)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return run(file_of(tmp_path_factory.mktemp("events"), stocked.events(days=30, out_days=4)))


def test_todays_totals_are_scored_by_the_hour_on_days_in_stock(ours):
    shown = ours.running.shown()
    assert list(shown["today"]) == [str(hour) for hour in SCORED_HOURS]
    for hour, score in shown["today"].items():
        assert score["n"] == 7 * 3 - 4, hour  # the last of the 8 days has the closing tick alone
        assert score["wape_morning"] == shown["today"]["11"]["wape_morning"]
    assert shown["today"]["19"]["wape"] < 0.05


def test_hours_without_stock_are_estimated_and_not_scored(ours):
    assert ours.running.days_censored == 4
    assert ours.running.lost_units == pytest.approx(4 * 8 * 5, rel=0.2)
    milk = ours.panel.items.index("milk")
    assert ours.panel.out_of_stock[milk].nonzero()[0].tolist() == [26, 27, 28, 29]
    assert ours.panel.out_of_stock.sum() == 4


def test_the_demand_file_has_a_row_for_each_series_and_day(ours):
    rows = list(csv.DictReader(io.StringIO(ours.running.as_csv())))
    assert tuple(rows[0]) == DEMAND_COLUMNS
    assert len(rows) == 30 * 3
    for row in rows:
        out = row["item"] == "milk" and row["date"] >= "2025-01-25"
        assert int(row["hours_out"]) == (8 if out else 0)
        sold, demand, low, high = (float(row[name]) for name in ("sold", "estimated_demand", "p10", "p90"))
        assert sold < low < demand < high if out else sold == demand == low == high


def test_a_file_of_events_is_known_by_its_first_line_unless_a_mapping_is_given(tmp_path):
    path = file_of(tmp_path, [sale(), "{no json", {"type": "clock-ticked.v1", "store": "x", "at": 1.7e9}, {"type": "unknown.v1"}])
    assert isinstance(open_events_or_table(path, mapped=False), WireEvents)
    assert not isinstance(open_events_or_table(path, mapped=True), WireEvents)
    table = file_of(tmp_path, [{"shop": "a", "type": "sale"}])
    assert type(open_events_or_table(table, mapped=False)) is NdJson


def test_events_are_handed_on_byte_for_byte_and_bad_lines_say_why(tmp_path):
    lines = [json.dumps(sale(), indent=None), "  " + json.dumps({"type": "clock-ticked.v1", "store": "x", "at": 1.7e9}), "{no", "[]"]
    source = open_events_or_table(file_of(tmp_path, lines), mapped=False)
    (rows,) = source.read()
    builder = builder_of(source, AS_IT_IS)
    built = builder.build(rows)
    assert isinstance(builder, WireBuilder)
    assert built.raws == [line.strip().encode() for line in lines[:2]]
    assert built.keys == [sale()["store"].encode(), b"x"]
    assert [bad.row for bad in built.bad] == [3, 4]
    assert built.rows == 4


def test_an_event_of_tomorrow_is_a_bad_row(tmp_path):
    source = open_events_or_table(file_of(tmp_path, [sale()]), mapped=False)
    (rows,) = source.read()
    built = WireBuilder(latest=sale()["sold_at"]).build(rows)
    assert (len(built.raws), built.bad[0].reason) == (0, "time_out_of_range")
