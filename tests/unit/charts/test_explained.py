"""Why a forecast is what it is: read from the documents, drawn, and said in three sentences; and why a day came otherwise."""

from xml.etree import ElementTree as ET

import msgspec
import pytest
from scipy.stats import nbinom

from charts.figures.draw import drawn
from charts.figures.waterfall import waterfall
from charts.insight.chance import chance
from charts.insight.explanation import explanation, looking_back, sentences
from charts.queries.day_events import DayEvents, day_events
from charts.queries.explained import explained
from consumers.forecasts.forecasts import ForecastsSink
from consumers.forecasts.newest import SAID_DAYS
from consumers.statistics.statistics import StatisticsSink
from streams.contract.horizons import PARTS
from streams.contract.messages import ForecastParts
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import a_season, accepted, day_after, records_of
from tests.support.stand_ins import BEGINNING


def with_parts(message):
    """A forecast that says what it is made of: a level, 6 for the weekday, 12 for a promotion, 3 less for the trend, a thousandth left."""
    if getattr(message, "horizons", None) is None or message.horizons[0].horizon != "day":
        return message
    added = {"weekday": 6000, "promotion": 12000, "trend": -3000, "holiday": 40, "rounding": 1}
    whole = round(message.horizons[0].mean * 1000)
    added["usual_level"] = whole - sum(added.values())
    parts = ForecastParts(tuple(added.get(name, 0) for name in PARTS), "log", "Christmas Day", -1)
    return msgspec.structs.replace(message, parts=parts)


MESSAGES = [with_parts(message) for message in a_season(days=40)]


def written(messages):
    documents = MemoryDocuments()
    sink = ForecastsSink(documents, metrics())
    sink.start(0, BEGINNING)
    sink.write(records_of(messages))
    return documents


@pytest.fixture(scope="module")
def database():
    documents = written(MESSAGES)
    sold = StatisticsSink(documents, metrics())
    sold.start(0, BEGINNING)
    days = [accepted(n, item="bread", business_date=day_after(n), revenue_micros=4_000_000) for n in range(1, 35)]
    sold.write(records_of([*days, accepted(35, item="bread", business_date=day_after(35), revenue_micros=3_000_000)]))
    return documents


def test_the_parts_of_the_day_ahead_add_up(database):
    told = explained(database, "Berlin", "butter")
    assert [part.name for part in told.parts] == list(PARTS)
    assert told.parts[-1].sum == told.mean
    assert (told.expert, told.holiday, told.days_after_holiday) == ("log", "Christmas Day", -1)
    assert (told.origin, told.day, told.sold) == ("2025-02-09", "2025-02-10", None)
    assert told.of_late.n == 28


def test_past_days_are_explained_for_two_weeks(database):
    kept = explained(database, "Berlin", "bread", "2025-02-05")
    assert [part.name for part in kept.parts] == list(PARTS)
    assert kept.sold is not None
    older = explained(database, "Berlin", "bread", "2025-01-20")
    assert older.parts == []
    assert older.sold is not None
    assert sentences(older)[1] == "What that forecast was made of is no longer kept."
    assert explained(database, "Berlin", "bread", "2024-01-01") is None
    assert explained(database, "Berlin", "absent") is None


def test_what_was_said_does_not_depend_on_how_the_log_was_cut(database):
    one_by_one = MemoryDocuments()
    sink = ForecastsSink(one_by_one, metrics())
    sink.start(0, BEGINNING)
    following = {}
    for at in range(0, len(MESSAGES), 7):
        sink.write(records_of(MESSAGES[max(at - 5, 0) : at + 7], start=following))
    said = [{key: kept["said"] for key, kept in base.collections["forecasts"].items()} for base in (database, one_by_one)]
    assert said[0] == said[1]
    assert {len(days) for days in said[0].values()} == {SAID_DAYS}


def test_three_sentences_say_what_why_and_how_far_to_trust(database):
    what, why, trust = explanation(database, "Berlin", "butter").sentences
    assert what.startswith("butter should sell about ")
    assert "on Monday 2025-02-10; four days of five lie between" in what
    assert "the promotion adds 12, Monday adds 6 and the trend of late takes away 3." in why
    assert "Over the last 28 days such forecasts were off by" in trust
    assert trust.endswith("the forecast knows sales up to 2025-02-09, and the expert log weighs most.")


def test_the_waterfall_shows_each_part_and_ends_at_the_forecast(database):
    told = explained(database, "Berlin", "bread", "2025-02-05")
    root = ET.fromstring(drawn(lambda: waterfall(told), "svg"))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"+12", "+6", "\N{MINUS SIGN}3", "forecast", "sold", "promotion", "Wednesday"} <= set(texts)
    assert not {"price", "rounding"} & set(texts), "parts of nothing are not drawn"
    assert b"There is no forecast that says what it is made of." in drawn(lambda: waterfall(None), "svg")


def test_a_day_is_looked_back_at(database):
    told = explained(database, "Berlin", "bread", day_after(35))
    events = day_events(database, "Berlin", "bread", told.day, told.sold, told.mean)
    assert (events.price, events.usual_price) == (1.5, 2.0)
    assert events.rest_of_store is not None
    far = msgspec.structs.replace(told, mean=40.0, p10=32.0, p90=49.0, sold=71.0, parts=[])
    back = looking_back(far, events)
    assert back.sentence.startswith("We said 40, you sold 71: a lower price (not told): 1.50 instead of 2.00")
    assert back.sentence.endswith("; or simply chance: such a day comes once in more than 10,000.") or back.once_in < 10_000


@pytest.mark.parametrize(
    ("sold", "events", "says"),
    [
        (41.0, DayEvents(price=1.0, usual_price=2.0), "We said 40, you sold 41: an ordinary day, within what chance does."),
        (55.0, DayEvents(), "We said 40, you sold 55: no cause is known; by chance such a day comes once in"),
        (20.0, DayEvents(hours_out=6), "We said 40, you sold 20: the shelf was empty for 6 hours; or simply chance"),
        (20.0, DayEvents(price=1.0, usual_price=2.0), "no cause is known"),  # a lower price does not explain fewer sales
        (60.0, DayEvents(rest_of_store=1.25), "the rest of the store sold 25% more than expected too"),
        (0.0, DayEvents(rest_of_store=0.0), "the rest of the store sold nothing either"),
        (60.0, DayEvents(shifted=("2025-02-01", 1.6)), "the item sells on another level since 2025-02-01 (times 1.6)"),
    ],
)
def test_only_causes_that_pull_the_right_way_are_named(database, sold, events, says):
    told = msgspec.structs.replace(explained(database, "Berlin", "bread", day_after(35)), mean=40.0, p10=32.0, p90=49.0, sold=sold)
    assert says in looking_back(told, events).sentence


@pytest.mark.parametrize(("mean", "size"), [(40.0, 8.0), (3.0, 1.5), (0.4, 0.7), (200.0, 60.0)])
def test_chance_is_that_of_the_served_band(mean, size):
    of = nbinom(size, size / (size + mean))
    p10, p90 = float(of.ppf(0.1)), float(of.ppf(0.9))
    for probability in (0.8, 0.95, 0.99):
        sold = float(of.ppf(probability)) + 1
        assert chance(sold, mean, p10, p90) == pytest.approx(of.sf(sold - 1), rel=0.9, abs=0.03)
    assert chance(p90 + 20 * mean + 50, mean, p10, p90) < 1e-3
    assert chance(0.0, 0.0, 0.0, 0.0) is None
