"""Why a forecast is what it is: the parts as steps that end at the forecast."""

import re
from datetime import UTC

import msgspec

from charts.queries.explained import Explained, OfLate, Part
from charts.web.pages.speech import Speech
from charts.web.pages.why import steps
from consumers.forecasts.forecasts import ForecastsSink
from streams.contract.messages import ForecastParts
from tests.support.fakes import metrics
from tests.support.shop import forecast, records_of
from tests.support.stand_ins import BEGINNING
from tests.unit.charts.pages.shop import LAST, STORE, client_of, filled
from tests.unit.charts.pages.test_pages import page, words

SAY = Speech("en", "GB", UTC)
OF_LATE = OfLate(n=1, wape=None, wape_same_weekday_mean=None, bias=None, coverage=None)


def told(*parts, mean=10.0, **changes):
    rows, total = [], 0.0
    for name, units in parts:
        total += units
        rows.append(Part(name, units, total))
    names = {"store": STORE, "item": "milk", "day": "2025-03-01", "origin": "2025-02-28", "made_at": 0.0, "of_late": OF_LATE}
    return Explained(mean=mean, p10=5.0, p50=9.0, p90=20.0, same_weekday_mean=8.0, parts=rows, **names | changes)


def test_each_step_begins_where_the_one_before_it_ended():
    found = steps(told(("usual_level", 6.0), ("weekday", 8.0), ("promotion", -4.0), ("rounding", 0.001)), SAY)
    assert [(one.name, one.units) for one in found] == [("Usual level", "6.0"), ("Saturday", "+8.0"), ("Promotion", "−4.0")]
    bars = [tuple(map(float, re.findall(r'(?:x|width)="([\d.]+)%"', str(one.bar))[1:])) for one in found]
    assert bars == [(0.0, 30.0), (30.0, 40.0), (50.0, 20.0)], "of a scale up to P90"
    assert ["fill-a" in found[0].bar, "fill-up" in found[1].bar, "fill-down" in found[2].bar] == [True] * 3


def test_a_holiday_is_named_and_a_forecast_without_parts_has_no_steps():
    assert steps(told(("usual_level", 6.0), ("holiday", 4.0), holiday="Easter <b>"), SAY)[1].name == "Easter <b>"
    assert steps(told(), SAY) == []


def test_the_item_page_tells_the_parts_or_that_they_are_not_known():
    documents = filled()
    with client_of(documents) as client:
        assert "The parts of this forecast are not known" in words(page(client, "/item", store=STORE, item="milk"))
    made = forecast(990, 0, STORE, "milk", LAST, 6.0)
    made = msgspec.structs.replace(
        made, partition=1, parts=ForecastParts(thousandths=(5000, 2000, 0, 0, 0, 0, -1000, 0, 0, 0), expert="level")
    )
    sink = ForecastsSink(documents, metrics())
    sink.start(1, BEGINNING)
    sink.write(records_of([made]))
    with client_of(documents) as client:
        shown = words(page(client, "/item", store=STORE, item="milk"))
        assert "Usual level 5.0" in shown
        assert "Trend of late −1.0" in shown
