"""The third month on six rows that are made up here: cleaning, regression, online learning, the record."""

import numpy as np
import pytest
from scipy.stats import t as student

from streams.contract.errors import UsageError
from workbench.third_month.desk import Desk
from workbench.third_month.leave_one_out import LAST, MEAN, leave_one_out
from workbench.third_month.months import Month, clean, columns_of, number_of_words, read_months
from workbench.third_month.question import ComplaintsError, Question, question_of
from workbench.third_month.regression import Regression
from workbench.third_month.report import find

HEADER = "rate,sales_in_first_month,sales_in_second_month,sales_in_third_month\n"
SIX = HEADER + ",210,480,310\n,390,310,640\nfour,580,210,410\nNine,440,330,620\ntwenty-one,610,240,360\n5.5%,560,190,690\n"


def months_of(seed=0, n=12, gaps=0):
    random = np.random.default_rng(seed)
    rate, first, second = random.uniform(1, 9, n), random.uniform(100, 600, n), random.uniform(100, 600, n)
    third = 50 + 20 * rate + 0.5 * first + 0.3 * second + random.normal(0, 30, n)
    rows = zip(rate.tolist(), first.tolist(), second.tolist(), third.tolist(), strict=True)
    return [Month(None if place < gaps else r, *rest) for place, (r, *rest) in enumerate(rows)]


@pytest.fixture
def six(tmp_path):
    (tmp_path / "six.csv").write_text(SIX)
    return read_months(tmp_path / "six.csv")


def test_each_rule_of_cleaning_is_named_and_counted(six):
    assert [month.rate for month in six.months] == [None, None, 4, 9, 21, 5.5]
    assert sorted(six.mended.values()) == [1, 2, 3]
    assert not six.dropped


def test_what_cannot_be_mended_is_dropped_with_its_reason():
    lines = ["1,2,3,4", "x,2,3,4", "1,-2,3,4", "1,2,,4", "1,2,3,1e308", "inf,2,3,4"]
    header = HEADER.strip().split(",")
    cleaned = clean([dict(zip(header, line.split(","), strict=True)) for line in lines], columns_of(header, "f"))
    assert len(cleaned.months) == 1
    assert dict(cleaned.dropped) == {
        "rate not a number": 1,
        "sales of the first month negative": 1,
        "sales of the second month missing": 1,
        "sales of the third month not a possible number": 1,
        "rate not a possible number": 1,
    }


@pytest.mark.parametrize(("text", "number"), [("two", 2), ("Ninety Nine", 99), ("forty-two", 42), ("ten ten", None), ("", None)])
def test_words_are_numbers(text, number):
    assert number_of_words(text) == number


def test_without_gaps_it_is_least_squares_with_students_interval():
    months = months_of()
    x = np.array([[1, m.rate, m.first, m.second] for m in months])
    y = np.array([m.third for m in months])
    beta, squares = np.linalg.lstsq(x, y, rcond=None)[:2]
    case = np.array([1, 5, 300, 200])
    spread = np.sqrt(squares[0] / 8 * (1 + case @ np.linalg.inv(x.T @ x) @ case))
    found = Regression(months).predict(5, 300, 200)
    assert found.mean == pytest.approx(case @ beta)
    assert found.intervals[0.8] == pytest.approx((case @ beta - student.ppf(0.9, 8) * spread, case @ beta + student.ppf(0.9, 8) * spread))


@pytest.mark.parametrize("gaps", [0, 2])
def test_learning_row_by_row_is_a_fit_of_all_rows(gaps):
    months = months_of(gaps=gaps)
    online = Regression(months[:7])
    fillings = len(online._beta)
    for month in months[7:]:
        online.learn(month.rate, month.first, month.second, month.third)
    if not gaps:
        whole = Regression(months).predict(4, 200, 500)
        found = online.predict(4, 200, 500)
        assert found.mean == pytest.approx(whole.mean)
        assert found.intervals[0.95] == pytest.approx(whole.intervals[0.95])
    assert (online.n, len(online._beta)) == (12, fillings)


def test_an_unknown_rate_widens_the_interval():
    months = months_of(3, 9)
    open_rates = [Month(None, m.first, m.second, m.third) for m in months[:2]] + months[2:]
    known, unknown = (Regression(rows).predict(5, 300, 300) for rows in (months, open_rates))

    def width(found):
        return found.intervals[0.8][1] - found.intervals[0.8][0]

    assert width(unknown) > width(known)
    assert unknown.freedom < known.freedom


def test_intervals_hold_the_truth_as_often_as_they_say():
    inside = 0
    for seed in range(300):
        *taught, asked = months_of(seed, 7)
        low, high = Regression(taught).predict(asked.rate, asked.first, asked.second).intervals[0.8]
        inside += low <= asked.third <= high
    assert 0.74 < inside / 300 < 0.86


def test_too_few_or_equal_rows_are_refused_with_a_sentence(six):
    with pytest.raises(UsageError, match="do not tell 4 coefficients apart"):
        Regression([Month(1.0, 2.0, 3.0, 4.0)] * 6)
    six.months = six.months[:4]
    with pytest.raises(UsageError, match="needs at least 5"):
        find(six)


def test_leave_one_out_of_the_simple_rules_by_hand(six):
    found = leave_one_out(six.months)
    assert found[LAST].mae == pytest.approx(np.mean([170, 330, 200, 290, 120, 500]))
    thirds = np.array([310, 640, 410, 620, 360, 690.0])
    assert found[MEAN].mae == pytest.approx(np.abs((thirds.sum() - thirds) / 5 - thirds).mean())
    assert {error.n for error in found.values()} == {6}


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"rate": "two"}, "rate", "is a word: write the rate of interest in percent as a number, as in 2"),
        ({"rate": ""}, "rate", "Give the rate"),
        ({"rate": -1}, "rate", "cannot be negative"),
        ({"rate": "abc"}, "rate", "is no number"),
        ({"rate": True}, "rate", "is no number"),
        ({"rate": "nan"}, "rate", "cannot be infinite or undefined"),
        ({"sales_in_first_month": "1e308"}, "sales_in_first_month", "at most 1,000,000,000"),
        ({"sales_in_first_month": 10**400}, "sales_in_first_month", "infinite"),
        ({"sales_in_second_month": "1,200"}, "sales_in_second_month", "is no number"),
        ({"sales_in_third_month": "-0.1"}, "sales_in_third_month", "cannot be negative"),
        ({"month": 3}, "unknown", "There is no field"),
        ({"id": 3}, "id", "id is a text"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(given, field, words):
    with pytest.raises(ComplaintsError) as raised:
        question_of({"rate": 5, "sales_in_first_month": 200, "sales_in_second_month": 100} | given)
    assert words in raised.value.sentences[field]
    assert len(raised.value.sentences) == 1


def test_the_third_month_is_forecast_before_it_teaches_and_a_repeat_counts_once(tmp_path):
    journal = tmp_path / "learned.jsonl"
    desk = Desk(months_of(), MEAN, journal)
    before = desk.answer(Question(5, 300, 200))
    told = desk.answer(Question(5, 300, 200, 900, "a"))
    assert told.sales_in_third_month == before.sales_in_third_month
    assert (told.learned, told.n, told.record.n) == (True, 13, 1)
    assert told.record.regression == pytest.approx(900 - before.sales_in_third_month)
    assert told.record.as_last_month == 700
    again = desk.answer(Question(5, 300, 200, 900, "a"))
    assert (again.learned, again.n) == (False, 13)
    assert abs(900 - again.sales_in_third_month) < abs(900 - before.sales_in_third_month)
    journal.write_bytes(journal.read_bytes() + b'{"rate": 5, "fir')  # killed while writing
    revived = Desk(months_of(), MEAN, journal)
    assert revived.answer(Question(5, 300, 200)) == desk.answer(Question(5, 300, 200))
    assert revived.kept == desk.kept


def test_far_cases_are_warned_of():
    desk = Desk(months_of(), MEAN)
    assert "The rate 50 lies outside" in desk.answer(Question(50, 300, 200)).warnings[0]
    assert not [warning for warning in desk.answer(Question(5, 300, 300)).warnings if "outside" in warning]
