"""Names of stores and items in a question: exact ones, parts of names, slips; never a name with other digits, never a guess."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from rapidfuzz import fuzz, process

from charts.insight.questions.typos import correction
from charts.insight.questions.words import VOCABULARY

CLOSE_ENOUGH_TO_ASK: Final = 80.0
"""Similarity, 0 to 100, from which a name is offered as a choice."""
MOST_CHOICES: Final = 6


def folded(text: str) -> str:
    """Text as names are compared: without case, accents and punctuation, words parted by single spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\d+(?:[.,]\d+)*|[^\W_]+", plain.replace("'", "")))


def singular(word: str) -> str:
    """A word without the s of its plural, a number without zeros before it."""
    if word.isdigit():
        return word.lstrip("0") or "0"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True, slots=True)
class Name:
    """A store or an item as the data spell it."""

    kind: str
    text: str


@dataclass(frozen=True)
class Known:
    """Everything in the data that a question may name, and the newest business date: what the reading depends on."""

    stores: tuple[str, ...]
    items: tuple[str, ...]
    today: str
    currencies: tuple[str, ...] = ()
    vocabulary: Collection[str] = field(default=VOCABULARY, repr=False)

    @cached_property
    def by_text(self) -> dict[str, list[Name]]:
        """Names by their folded text; a store and an item may share one."""
        found: dict[str, list[Name]] = {}
        for kind, names in (("store", self.stores), ("item", self.items)):
            for name in names:
                found.setdefault(folded(name), []).append(Name(kind, name))
        found.pop("", None)
        return found

    @cached_property
    def plain(self) -> dict[str, list[Name]]:
        """Names that are made of words of the vocabulary only."""
        return {text: names for text, names in self.by_text.items() if all(word in self.vocabulary for word in text.split())}

    @cached_property
    def longest(self) -> int:
        """Most words of a name."""
        return max((text.count(" ") + 1 for text in self.by_text), default=0)

    @cached_property
    def by_word(self) -> dict[str, set[str]]:
        """Folded names by each of their words, as a singular."""
        found: dict[str, set[str]] = {}
        for text in self.by_text:
            for word in text.split():
                found.setdefault(singular(word), set()).add(text)
        return found

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of names."""
        return frozenset(word for text in self.by_text for word in text.split())

    def exact(self, words: str) -> list[Name]:
        """The names that are exactly these words, in this order."""
        return self.by_text.get(words, [])

    def partly(self, words: Iterable[str]) -> list[Name]:
        """The names that hold all these words, in any order; those that hold no other words, or begin with them, come alone."""
        in_order = [singular(word) for word in words]
        wanted = set(in_order)
        sets = [self.by_word.get(word, set()) for word in wanted]
        texts = set.intersection(*sets) if sets else set()
        whole = [text for text in texts if {singular(word) for word in text.split()} == wanted]
        begins = [text for text in texts if [singular(word) for word in text.split()[: len(in_order)]] == in_order]
        return [name for text in sorted(whole or begins or texts) for name in self.by_text[text]]

    def slip_of(self, word: str) -> str | None:
        """The one word of the names that this one is a slip of."""
        return correction(word, self.words)

    def near(self, words: str, at_least: float = CLOSE_ENOUGH_TO_ASK) -> list[Name]:
        """Names similar to these words, the most similar first; names with other digits are not similar."""
        digits = re.findall(r"\d+", words)
        if not words or (len(words) < 5 and not digits):
            return []
        found = process.extract(words, self.by_text.keys(), scorer=fuzz.ratio, score_cutoff=at_least, limit=MOST_CHOICES)
        return [name for text, _, _ in found if re.findall(r"\d+", text) == digits for name in self.by_text[text]]
