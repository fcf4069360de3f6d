"""Which misspellings are certain enough to be read: slips of the hand, not other words."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS: Final = frozenset("aeiouy")
_SHORTEST: Final = 5
"""Shorter words have too many neighbours that are words themselves."""
_LONG: Final = 8
"""From here on two slips still leave one possible word."""


def correction(word: str, words: Iterable[str]) -> str | None:
    """The one word of `words` that this one is a slip of; None: there is none, or more than one. Words with digits are never corrected."""
    if len(word) < _SHORTEST - 1 or not word.isalpha():
        return None
    found = {known for known in words if is_slip(word, known)}
    if len(found) > 1:
        found = {known for known in found if OSA.distance(word, known) == 1}
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=65536)
def is_slip(typed: str, meant: str) -> bool:
    """Whether `typed` is a slip of `meant`: same first letter, and one letter dropped, doubled, swapped or hit beside; two in long words.

    A letter replaced by a distant one makes another word (store, stove; Leeds, Leens), so it does not count.
    """
    if len(meant) < _SHORTEST or typed[:1] != meant[:1] or not meant.isalpha():
        return False
    distance = OSA.distance(typed, meant, score_cutoff=2)
    if distance == 0:
        return False
    if distance == 1:
        return _one_slip(typed, meant)
    return distance == 2 and len(meant) >= _LONG and len(typed) >= _LONG - 1


def _one_slip(typed: str, meant: str) -> bool:
    place = next((n for n, (one, other) in enumerate(zip(typed, meant, strict=False)) if one != other), min(len(typed), len(meant)))
    if len(typed) < len(meant):
        # A last s that is missing makes the singular, which the vocabulary knows.
        return len(meant) > _SHORTEST or place < len(meant) - 1
    if len(typed) > len(meant):
        letter = typed[place]
        around = typed[max(0, place - 1) : place] + typed[place + 1 : place + 2]
        return any(letter == other or _beside(letter, other) for other in around)
    if sorted(typed) == sorted(meant):
        return True
    one, other = typed[place], meant[place]
    return _beside(one, other) or (one in _VOWELS and other in _VOWELS and len(meant) > _SHORTEST)


@lru_cache(maxsize=1024)
def _beside(one: str, other: str) -> bool:
    return any(abs(row.find(one) - row.find(other)) == 1 for row in _ROWS if one in row and other in row)
