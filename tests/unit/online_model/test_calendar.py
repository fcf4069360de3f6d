"""Dates, openings, promotions: what is known ahead."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from online_model import Forecaster
from online_model.calendar.dates import CalendarTable, HolidayKeys, date_features, year_before
from online_model.calendar.day_features import closures, promotion_days, store_day
from online_model.calendar.opening import Opening


def ordinal(*ymd):
    return dt.date(*ymd).toordinal()


def test_place_in_week_month_and_christmas():
    x = date_features(ordinal(2022, 12, 24))
    assert x[0] == 1
    assert x[1:7] == [0, 0, 0, 0, 1, 0]
    assert x[13:19] == [1, 0, 0, 0, 0, 0]
    assert date_features(ordinal(2023, 2, 28))[7:13] == [0, 0, 0, 0, 0, 1]
    assert date_features(ordinal(2023, 1, 2))[18] == 1


def test_the_year_before_a_leap_day():
    assert year_before(ordinal(2024, 2, 29)) == ordinal(2023, 2, 28)
    assert year_before(ordinal(2024, 3, 1)) == ordinal(2023, 3, 1)


def test_the_nearest_holiday_wins_and_an_observed_day_is_its_own():
    keys = HolidayKeys()
    table = CalendarTable("US", None, keys)

    def name(day):
        place = table.reach(day, 1)
        k = int(table.key[place][0])
        return keys.names[k] if k >= 0 else ""

    assert name(ordinal(2022, 12, 25)) == "US|Christmas Day|0"
    assert name(ordinal(2022, 12, 26)) == "US|Christmas Day (observed)|0"
    assert name(ordinal(2022, 12, 27)) == "US|Christmas Day|2"
    assert name(ordinal(2022, 12, 23)) == "US|Christmas Day|-2"
    assert name(ordinal(2022, 8, 10)) == ""


def test_a_table_rebuilt_from_the_names_numbers_alike():
    keys = HolidayKeys()
    table = CalendarTable("GB", None, keys)
    table.reach(ordinal(2021, 5, 1), 800)
    again = HolidayKeys()
    again.restore(keys.names)
    other = CalendarTable("GB", None, again)
    place = other.reach(ordinal(2023, 1, 1), 30)
    np.testing.assert_array_equal(other.key[place], table.key[table.reach(ordinal(2023, 1, 1), 30)])
    assert again.names[: len(keys)] == keys.names


def test_no_country_no_holidays():
    table = CalendarTable(None, None, HolidayKeys())
    place = table.reach(ordinal(2022, 12, 25), 3)
    assert (table.key[place] == -1).all()


FIRST = ordinal(2022, 1, 3)


def opening_after(days, table, first=FIRST):
    opening = Opening()
    for k, opened in enumerate(days):
        opening.close(first + k, table, opened=bool(opened))
    return opening, first + len(days) - 1


def test_a_weekly_closing_day_is_learned_after_two_weeks_and_unlearned_after_one():
    table = CalendarTable(None, None, HolidayKeys())
    week = [1, 1, 1, 1, 1, 1, 0]
    opening, day = opening_after(week * 1, table)
    assert opening.ahead(day, table, {}).all()
    opening, day = opening_after(week * 2, table)
    ahead = opening.ahead(day, table, {})
    assert [i for i in range(14) if not ahead[i]] == [6, 13]
    opening, day = opening_after(week * 2 + [1] * 7, table)
    assert opening.ahead(day, table, {}).all()


def test_a_long_closure_says_nothing_of_the_week_until_it_is_very_long():
    table = CalendarTable(None, None, HolidayKeys())
    opening, day = opening_after([1] * 21 + [0] * 10, table)
    assert opening.ahead(day, table, {})[:4].all()
    opening, day = opening_after([1] * 21 + [0] * 14, table)
    assert not opening.ahead(day, table, {}).any()
    opening, day = opening_after([1] * 21 + [0] * 14 + [1], table)
    assert opening.ahead(day, table, {})[7:].all()


def test_days_without_a_sale_are_open_in_a_store_that_sells_little():
    table = CalendarTable(None, None, HolidayKeys())
    rng = np.random.default_rng(0)
    opening, open_days = Opening(), 0
    for k in range(200):
        sold = bool(rng.random() < 0.6)
        counted = opening.counts_as_open(738_000 + k, table, sold=sold, told={})
        opening.close(738_000 + k, table, opened=counted)
        open_days += counted and k >= 60
    assert open_days > 130
    regular = Opening()
    for k in range(200):
        sold = k % 7 != 6
        assert regular.counts_as_open(738_000 + k, table, sold=sold, told={}) == sold
        regular.close(738_000 + k, table, opened=sold)


def test_a_store_that_was_told_to_be_closed_for_long_goes_on_with_its_week():
    table = CalendarTable(None, None, HolidayKeys())
    for told, expected in ((False, False), (True, True)):
        opening, day = opening_after([1, 1, 1, 1, 1, 1, 0] * 4, table)
        for k in range(1, 31):
            word = {day + d: False for d in range(k, 31)} if told else {}
            assert not opening.counts_as_open(day + k, table, sold=False, told=word)
            opening.close(day + k, table, opened=False)
        assert opening.ahead(day + 30, table, {}).any() == expected
        assert opening.usually(day + 1, 7).tolist() == [True] * 6 + [False]


def test_exceptions_that_were_told_do_not_change_the_week_and_a_calendar_told_whole_does():
    table = CalendarTable(None, None, HolidayKeys())
    week = [True] * 6 + [False]

    def usual_after(words):
        opening, day = opening_after(week * 4, table)
        told = {day + k: opens for k, opens in enumerate(words, 1) if opens is not None}
        for k in range(1, 29):
            sold = told.get(day + k, week[(k - 1) % 7])
            opening.close(day + k, table, opened=opening.counts_as_open(day + k, table, sold=sold, told=told))
        return opening.usually(day + 1, 7).tolist()

    advent = ([None] * 6 + [True]) * 4
    stock_takings = [None, False, None, None, None, None, None] * 4
    assert usual_after(advent) == usual_after(stock_takings) == usual_after([None] * 28) == week
    assert usual_after([True] * 40) == [True] * 7


def test_a_day_that_was_told_to_be_open_is_a_demand_of_zero_when_nothing_was_sold():
    table = CalendarTable(None, None, HolidayKeys())
    opening, day = opening_after([1] * 28, table)
    assert opening.counts_as_open(day + 1, table, sold=False, told={day + 1: True})
    assert opening.counts_as_open(day + 1, table, sold=True, told={day + 1: False})
    assert not opening.counts_as_open(day + 1, table, sold=False, told={day + 1: False})
    assert opening.surprise == 0


def test_closed_neighbours_count_beyond_the_week():
    usual = np.array([(k - 7) % 7 != 6 for k in range(43)])
    is_open = usual.copy()
    assert not closures(is_open, usual, 0)[:, [0, 1, 5, 6, 7]].any()
    is_open[7 + 9] = False
    x = closures(is_open, usual, 0)
    assert x[10, 0] == 1
    assert x[8, 1] == 1
    assert x[7, 5] == 1
    assert x[10, 6] == 0.5
    assert x[3, 7] == 0.5


def test_promotion_features():
    table = CalendarTable(None, None, HolidayKeys())
    opening = Opening()
    day = ordinal(2022, 1, 3)
    days = store_day(day, opening, table, {}, opened=True)
    held = np.zeros((29, 1), np.float32)
    held[2:5] = 1
    p = promotion_days(held, np.zeros((7, 1), np.float32), np.zeros(1, np.float32), days)
    assert np.flatnonzero(p.first[:, 0]).tolist() == [2]
    assert np.flatnonzero(p.after[:, 0]).tolist() == [5]
    np.testing.assert_allclose(p.recent[5, 0], 3 / 5)
    weights = np.arange(1.0, 12.0, dtype=np.float32)[:, None]
    for i in (0, 2, 4, 5):
        np.testing.assert_allclose(p.effect(weights)[i], weights[:, 0] @ p.part(slice(i, None)).columns(), rtol=1e-6)


def test_openings_that_were_told_win_and_are_continued():
    table = CalendarTable(None, None, HolidayKeys())
    opening, day = opening_after([1, 1, 1, 1, 1, 1, 0] * 4, table)
    told = {day + 4: False, day + 7: True, day - 3: False, day + 1: False, day + 40: False}
    days = store_day(day + 1, opening, table, told, opened=True)
    assert [i for i in range(28) if not days.opens[i]] == [2, 12, 19, 26]
    assert days.open_days.tolist() == [1, 6, 24]
    np.testing.assert_allclose(days.by_day.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(days.by_weekday.sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize("codes", [("XX", None), ("GB", "Nowhere")])
def test_unknown_countries_are_refused(codes):
    with pytest.raises(ValueError, match="no holidays are known"):
        Forecaster().add_store("a", *codes)


@pytest.mark.parametrize("country", ["US", "GB", "DE", "FR", "JP"])
def test_countries_have_holidays(country):
    keys = HolidayKeys()
    CalendarTable(country, None, keys).reach(ordinal(2024, 1, 1), 366)
    assert len(keys) > 20


def test_a_store_that_closes_on_some_mondays_is_doubted_and_one_with_a_steady_week_is_not():
    table = CalendarTable(None, None, HolidayKeys())
    doubts = []
    for closes in ((lambda k: k % 7 == 6), (lambda k: k % 7 == 6 or k in (140, 147))):
        opening = Opening()
        for k in range(150):
            sold = not closes(k)
            opening.counts_as_open(FIRST + k, table, sold=sold, told={})
            days = store_day(FIRST + k, opening, table, {}, opened=sold)
        doubts.append(days.doubt)
        told = dict.fromkeys(range(FIRST + 150, FIRST + 190), True)
        assert not store_day(FIRST + 150, opening, table, told, opened=True).doubt.any()
    assert (doubts[0] < 0.005).all()
    assert doubts[1][0] == 0
    assert (doubts[1][1:] > 0.04).all()
