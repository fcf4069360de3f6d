"""The golden questions: at least 95 % right, and none answered with certainty that is not right."""

from pathlib import Path

import pytest

from charts.insight.questions.form import notation
from charts.insight.questions.names import Known
from charts.insight.questions.reading import read

STORES = ("Leeds", "York", "Bath", "Main Street", "Store 12")
ITEMS = ("Milk 1 l", "Milk 2 l", "Oat Milk", "Bread", "Butter", "Coffee Beans", "Orange Juice", "Eggs", "Yoghurt", "7 Days")
KNOWN = Known(STORES, ITEMS, "2017-03-15", ("GBP",))
GOLDEN = [
    tuple(line.rsplit(" => ", 1)) for line in Path(__file__).with_name("golden.txt").read_text().splitlines() if line and line[0] != "#"
]


def outcome(question, known=KNOWN):
    form, reading = None, None
    for one in question.split(" >> "):
        reading = read(one, known, form)
        form = reading.form
    return notation(form) if form is not None else "ASK" if reading.ambiguous else "REFUSE"


def test_there_are_150_questions():
    assert len(GOLDEN) == len(dict(GOLDEN)) >= 150


def test_at_least_95_percent_are_right_and_none_is_wrong_with_certainty():
    wrong = {question: (outcome(question), expected) for question, expected in GOLDEN if outcome(question) != expected}
    certain = {question: one for question, one in wrong.items() if one[0] not in ("ASK", "REFUSE")}
    assert not certain, certain
    assert len(wrong) <= 0.05 * len(GOLDEN), wrong


@pytest.mark.parametrize("question", [question for question, expected in GOLDEN if expected == "ASK"])
def test_each_choice_of_an_ambiguous_question_is_one_reading(question):
    reading = read(question, KNOWN)
    assert reading.choices
    assert all(isinstance(choice, str) and choice for choice in reading.choices)
