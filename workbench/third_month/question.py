"""What a person or a program asks, checked field by field; whatever is wrong becomes a sentence about its field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from streams.contract.codec import printable
from workbench.third_month.months import MOST_RATE, MOST_SALES, NAMES, number_of_words

WORDS: Final = {
    "rate": "the rate of interest in percent",
    "sales_in_first_month": "the sales of the first month",
    "sales_in_second_month": "the sales of the second month",
    "sales_in_third_month": "the sales of the third month",
}
_EXAMPLES: Final = {"rate": "5"}
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Question:
    """One case. third: what was sold in the third month, once it is known. id: repeats of a request share it."""

    rate: float
    first: float
    second: float
    third: float | None = None
    id: str = ""


class ComplaintsError(Exception):
    """What is wrong with a question: a sentence by field."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(" ".join(sentences.values()))
        self.sentences = dict(sentences)


def question_of(given: Mapping[str, Any]) -> Question:
    """The question in a form's texts or a JSON object's values. Raises ComplaintsError."""
    wrong: dict[str, str] = {}
    values: dict[str, float | None] = {}
    for name in NAMES:
        try:
            values[name] = _number(name, given.get(name))
        except ValueError as error:
            wrong[name] = str(error)
    identity = given.get("id", "")
    if not isinstance(identity, str) or len(identity) > _LONGEST_ID:
        wrong["id"] = f"The id is a text of at most {_LONGEST_ID} characters."
    unknown = [name for name in given if name not in (*NAMES, "id")]
    if unknown:
        wrong["unknown"] = f"There is no field {printable(str(unknown[0]), 40)!r}: write {', '.join((*NAMES, 'id'))}."
    if wrong:
        raise ComplaintsError(wrong)
    rate, first, second, third = (values[name] for name in NAMES)
    assert rate is not None
    assert first is not None
    assert second is not None
    return Question(rate, first, second, third, identity)


def _number(name: str, value: Any) -> float | None:
    """A checked number; None for a third month that is not known yet. Raises ValueError with a sentence."""
    words, example = WORDS[name], _EXAMPLES.get(name, "250")
    if value is None or (isinstance(value, str) and not value.strip()):
        if name == NAMES[-1]:
            return None
        raise ValueError(f"Give {words}, as in {example}.")
    number = _read(name, value)
    if number is None:
        shown = printable(str(value), 40)
        spelled = number_of_words(value) if isinstance(value, str) else None
        if spelled is not None:
            raise ValueError(f"{shown!r} is a word: write {words} as a number, as in {spelled}.")
        raise ValueError(f"{shown!r} is no number: write {words} with digits and a decimal point, as in {example}.")
    most = MOST_RATE if name == "rate" else MOST_SALES
    if not math.isfinite(number):
        raise ValueError(f"Write {words} as a number, as in {example}: it cannot be infinite or undefined.")
    if number < 0:
        raise ValueError(f"{_upper(words)} cannot be negative.")
    if number > most:
        raise ValueError(f"{_upper(words)} can be at most {most:,.0f}.")
    return number


def _read(name: str, value: Any) -> float | None:
    del name
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None if isinstance(value, str) else math.inf


def _upper(words: str) -> str:
    return words[0].upper() + words[1:]
