"""The contender's holidays are those of each store's own place, as ours are."""

from datetime import date

import numpy as np
import pytest

from streams.processor.rules import Rules
from workbench.backtest.panel import Panel
from workbench.backtest.table import Table

FIRST = (date(2025, 1, 1) - date(1970, 1, 1)).days
RULES = Rules(country="DE", store_countries={"south": "DE-BY", "capital": "DE-BE", "abroad": "US-CA"})
STORES = ["south", "capital", "else", "abroad", "south"]


@pytest.fixture(scope="module")
def columns():
    panel = Panel(FIRST, STORES, ["a", "a", "a", "a", "b"], np.ones((len(STORES), 200)), None)
    return Table(panel, RULES.country_of).columns(7)


def on(column, day):
    return column[:, (date.fromisoformat(day) - date(2025, 1, 1)).days]


def test_each_series_is_told_the_holidays_of_its_store(columns):
    women, corpus_christi, independence = "2025-03-08", "2025-06-19", "2025-07-04"  # 19 June: Juneteenth, too
    for column, shift in (("holiday tomorrow", 2), ("holiday", 1), ("holiday yesterday", 0)):
        for day, where in ((women, [1]), (corpus_christi, [0, 3, 4]), (independence, [3])):
            origin = date.fromordinal(date.fromisoformat(day).toordinal() - shift).isoformat()
            assert np.flatnonzero(on(columns[column], origin)).tolist() == where


def test_holidays_of_the_days_ahead_are_counted_by_store(columns):
    # Easter of 2025: Good Friday 18 April, Easter Monday 21 April; the United States keep neither
    assert on(columns["holidays"], "2025-04-16").tolist() == [2, 2, 2, 0, 2]
    assert on(columns["holidays"], "2025-06-13").tolist() == [1, 0, 0, 1, 1]


def test_a_holiday_has_one_number_in_all_places(columns):
    labour = on(columns["holiday"], "2025-04-30")
    assert labour[0] == labour[1] == labour[2] > 0
    assert labour[3] == 0


def test_plans_known_ahead_are_columns_of_the_days_they_are_of():
    closed = np.zeros((1, 200), bool)
    closed[0, 100:103] = True
    panel = Panel(FIRST, ["any"], ["a"], np.ones((1, 200)), None, ~closed)
    columns = Table(panel, Rules().country_of).columns(7)
    assert columns["closed days"][0, 91:104].tolist() == [0, 0, 1, 2, 3, 3, 3, 3, 3, 2, 1, 0, 0]
    assert np.flatnonzero(columns["closed tomorrow"][0]).tolist() == [99, 100, 101]
    assert np.flatnonzero(columns["closed after"][0]).tolist() == [92, 93, 94]
    assert "promotion days" not in columns


def test_without_a_country_there_are_none():
    panel = Panel(FIRST, ["any"], ["a"], np.ones((1, 200)), None)
    assert not Table(panel, Rules().country_of).columns(7)["holidays"].any()
