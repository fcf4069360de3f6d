import pytest

from charts.queries import forecasts
from charts.queries.summary import scores_shown, summary
from consumers.forecasts.forecasts import ForecastsSink
from consumers.statistics.statistics import StatisticsSink
from streams.contract.horizons import HORIZON_NAMES
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import a_season, accepted, records_of
from tests.support.stand_ins import BEGINNING

MESSAGES = a_season(days=40)


@pytest.fixture(scope="module")
def database():
    documents = MemoryDocuments()
    sink = ForecastsSink(documents, metrics())
    sink.start(0, BEGINNING)
    sink.write(records_of(MESSAGES))
    sold = StatisticsSink(documents, metrics())
    sold.start(0, BEGINNING)
    sold.write(records_of([accepted(1), accepted(2, business_date="2025-01-09", quantity=4.0), accepted(3, business_date="2025-01-09")]))
    return documents


def test_scores_are_sums_over_stores_and_origins(database):
    shown = scores_shown(database)
    assert set(shown) == set(HORIZON_NAMES)
    mine = [m for m in MESSAGES if type(m).__name__ == "ForecastScored" and m.horizon == "day"]
    assert shown["day"]["n"] == sum(m.n for m in mine)
    assert shown["day"]["wape"] == pytest.approx(sum(m.absolute_error for m in mine) / sum(m.actual for m in mine))
    assert shown["day"]["wape_same_weekday_mean"] > shown["day"]["wape"]
    assert shown["day"]["coverage"] == pytest.approx(sum(m.within_band for m in mine) / sum(m.n for m in mine))
    assert scores_shown(database, "Berlin")["day"]["n"] == shown["day"]["n"] / 2


def test_past_forecasts_of_an_item_in_order(database):
    past = forecasts.past_forecasts(database, "Berlin", "bread", days=10)
    assert [one.day for one in past] == sorted(one.day for one in past)
    assert len(past) == 10
    last = [m for m in MESSAGES if type(m).__name__ == "ForecastScored" and m.horizon == "day" and m.store == "Berlin"][-1]
    assert past[-1].actual == next(row.actual for row in last.items if row.item == "bread")


def test_scores_that_an_older_version_wrote_are_read(database):
    expected = forecasts.past_forecasts(database, "Berlin", "bread", days=10)
    older = MemoryDocuments()
    for key, document in database.collections["scores"].items():
        rows = zip(*document["items"].values(), strict=True)
        older.collections.setdefault("scores", {})[key] = document | {"items": [list(row) for row in rows]}
    assert forecasts.past_forecasts(older, "Berlin", "bread", days=10) == expected
    assert forecasts.past_forecasts(older, "Berlin", "absent") == forecasts.past_forecasts(database, "Berlin", "absent") == []


def test_the_newest_forecast_and_its_days(database):
    newest = forecasts.newest_forecast(database, "Berlin", "butter")
    assert newest["close"]["origin"] == "2025-02-09"
    assert forecasts.days_ahead(newest["close"])[0][0] == "2025-02-10"
    assert len(forecasts.days_ahead(newest["close"])) == 28
    assert forecasts.newest_forecast(database, "Berlin", "absent") is None
    assert forecasts.best_series(database, "Berlin") == ("Berlin", "butter")


def test_predictions_carry_the_newest_day_with_sales(database):
    rows = {row["name"]: row for row in forecasts.predictions(database, "Berlin")}
    assert rows["milk"]["buy"] == 6.0
    assert rows["milk"]["profit"] == pytest.approx(0.8)
    assert rows["milk"]["time"] == 1736467199  # 2025-01-09 23:59:59 UTC
    assert rows["bread"]["time"] is None
    assert sum(row["shelf_space_percentage"] for row in rows.values()) == pytest.approx(100)


def test_the_summary_is_complete_and_exact(database):
    shown = summary(database)
    assert shown["totals"] == {"units": "8", "revenue": "7.14", "profit": "1.20", "sales": 3, "returns": 0, "orders": 0}
    assert (shown["applied"], shown["series"]) == (3, 6)
    assert shown["drifts"][0]["factor"] == 1.6


def test_an_empty_database_has_a_summary():
    shown = summary(MemoryDocuments())
    assert shown["totals"] == {"units": "0", "revenue": "0.00", "profit": None, "sales": 0, "returns": 0, "orders": 0}
    assert shown["scores"] == {}
