"""The text of a question while it is read: each phrase that is understood is taken out, and what remains was not understood."""

import re
import unicodedata
from collections.abc import Iterable
from re import Match, Pattern
from typing import Final


class NotUnderstood(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The question is not answered: says why, and offers questions."""

    def __init__(self, reason: str, choices: Iterable[str] = ()) -> None:
        super().__init__(reason)
        self.reason, self.choices = reason, tuple(choices)


class Ambiguous(NotUnderstood):
    """The question can be read in several ways; each choice is a question that can be read in one."""


class Unknown(NotUnderstood):
    """The question is about something that is not known; the choices are questions nearby."""


_TOKEN: Final = re.compile(r"\d{4}-\d\d(?:-\d\d)?|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d+(?:[.,]\d+)*[^\W\d_]*|[^\W_]+|[<>]=?|[€£$%]")
_THOUSANDS: Final = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
_QUOTED: Final = re.compile(r"[\"“”„«»]([^\"“”„«»]+)[\"“”„«»]")
_MONEY: Final = {"€": "euros", "£": "pounds", "$": "dollars"}
GONE: Final = "|"
"""Stands where a phrase was taken out, so that its neighbours do not become one phrase."""


def quoted(question: str) -> tuple[str, list[str]]:
    """The question with QQ0, QQ1 ... for its quoted names, and those names."""
    names: list[str] = []

    def put_aside(match: Match[str]) -> str:
        names.append(match[1])
        return f" QQ{len(names) - 1} "

    return _QUOTED.sub(put_aside, question), names


def tokens(question: str) -> list[str]:
    """Words, numbers and dates in lower case and without accents; marks such as QQ0 stay in capitals."""
    plain = unicodedata.normalize("NFKD", question.replace("\u2019", "'"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), plain)
    plain = re.sub(r"([€£$])\s*(\d[\d.,]*[km]?)", lambda match: f"{match[2]} {_MONEY[match[1]]} ", plain)
    plain = re.sub(r"(?<=\d)\s*%", " percent ", plain)
    plain = re.sub(r"\b(\w+)'s\b", r"\1 s", plain).replace("'", "")
    return [token if re.fullmatch(r"QQ\d+", token) else token.casefold() for token in _TOKEN.findall(plain)]


class Text:
    """What is still to be read, and how it was corrected."""

    def __init__(self, words: list[str]) -> None:
        self.rest = " ".join(words)
        self.corrections: list[str] = []

    def take(self, pattern: str | Pattern[str], put: str = GONE) -> Match[str] | None:
        """The first place of a phrase, which is taken out; None: it is not there."""
        match = re.search(rf"(?<![\w-])(?:{pattern})(?![\w-])", self.rest) if isinstance(pattern, str) else pattern.search(self.rest)
        if match is not None:
            self.rest = " ".join(f"{self.rest[: match.start()]} {put} {self.rest[match.end() :]}".split())
        return match

    def has(self, pattern: str) -> bool:
        """Whether a phrase is there; it stays."""
        return re.search(rf"(?<![\w-])(?:{pattern})(?![\w-])", self.rest) is not None

    def words(self) -> list[str]:
        """The words that are left, with marks and gaps."""
        return self.rest.split()
