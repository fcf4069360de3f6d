"""From the description of a shelf to its arrays, checked: what no plan could fulfil is refused with a sentence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from online_model.shelf.description import Shelf, ShelfError
from online_model.shelf.levels import holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from online_model.shelf.description import ItemLike, ShareLike

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_FACINGS_OF_AN_ITEM = 200
"""Used where an item names no maximum."""

MOST_UNITS_OF_A_CASE = 1e9

MOST_FACINGS = 20_000
"""A shelf that takes more was described in two different units; it would also stop the stream for seconds."""


def build_shelf(level_width: float, levels: int, items: Iterable[ItemLike], shares: Iterable[ShareLike] = ()) -> Shelf:
    """A shelf from its description. Raises ShelfError where no plan could fulfil it."""
    items, shares = tuple(items), tuple(shares)
    names = tuple(i.item for i in items)
    _check_names(names, [s.category for s in shares])
    _check_numbers(level_width, levels, items)
    width = _floats([i.width for i in items])
    # One more than a shelf may take stands for any larger number: those need not fit in 64 bits.
    most = [MOST_FACINGS_OF_AN_ITEM if i.max_facings is None else min(i.max_facings, MOST_FACINGS + 1) for i in items]
    with np.errstate(over="ignore"):
        fit = np.minimum(levels * np.floor(level_width / width + 1e-9), MOST_FACINGS + 1)
    category, categories = _numbered([i.category for i in items])
    categories = (*categories, *(s.category for s in shares if s.category not in categories))
    bounds = {s.category: (s.min_share, s.max_share) for s in shares}
    shelf = Shelf(
        level_width=float(level_width),
        levels=int(levels),
        items=names,
        width=width,
        price=_floats([i.price for i in items]),
        cost=_floats([i.cost for i in items]),
        case_size=_floats([i.case_size for i in items]),
        units_per_facing=_floats([i.units_per_facing for i in items]),
        min_facings=np.array([min(max(i.min_facings, int(i.must_stay)), MOST_FACINGS + 1) for i in items], dtype=np.int64),
        max_facings=np.minimum(np.array(most, dtype=np.int64), fit.astype(np.int64)),
        category=category,
        group=_numbered([i.group for i in items])[0],
        categories=categories,
        min_share=_floats([bounds.get(c, (0.0, 1.0))[0] for c in categories]),
        max_share=_floats([bounds.get(c, (0.0, 1.0))[1] for c in categories]),
    )
    _check_room(shelf)
    return shelf


def _floats(values: Sequence[Any]) -> Floats:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _numbered(labels: Sequence[str | None]) -> tuple[Ints, tuple[str, ...]]:
    """Numbers of labels in order of first appearance, -1 for None, and the labels."""
    number: dict[str, int] = {}
    numbers = [-1 if label is None else number.setdefault(label, len(number)) for label in labels]
    return np.array(numbers, dtype=np.int64), tuple(number)


def _check_names(names: Sequence[str], shares: Sequence[str]) -> None:
    if not names:
        raise ShelfError("The shelf has no items: name at least one.")
    for what, listed in (("Item", names), ("The share of category", shares)):
        twice = sorted(name for name, times in Counter(listed).items() if times > 1)
        if twice:
            raise ShelfError(f"{what} {twice[0]!r} is given twice: give it once.")


def _check_numbers(level_width: float, levels: int, items: Sequence[ItemLike]) -> None:
    if not (level_width > 0 and np.isfinite(level_width) and levels >= 1):
        raise ShelfError("Give level_width above 0 and at least one level.")
    for i in items:
        if not (0 < i.width <= level_width):
            raise ShelfError(f"{i.item!r} is {i.width:g} wide and a level {level_width:g}: give both in one unit.")
        if not (i.units_per_facing > 0 and 1 <= i.case_size <= MOST_UNITS_OF_A_CASE and i.min_facings >= 0):
            sentence = f"units_per_facing must be above 0, case_size from 1 to {MOST_UNITS_OF_A_CASE:g}, min_facings not negative."
            raise ShelfError(f"{i.item!r}: {sentence}")
        if i.max_facings is not None and i.max_facings < max(i.min_facings, int(i.must_stay), 1):
            raise ShelfError(f"{i.item!r}: max_facings is below min_facings (or 1): raise it.")


def _check_room(shelf: Shelf) -> None:
    """Raise ShelfError where the minima exceed the room, or the maxima cannot reach a category's minimum."""
    capacity = shelf.level_width * shelf.levels
    if min(int(shelf.max_facings.sum()), capacity / shelf.width.min()) > MOST_FACINGS:
        raise ShelfError(f"More than {MOST_FACINGS} facings would fit: give widths in the unit of level_width, or max_facings.")
    short = np.flatnonzero(shelf.min_facings > shelf.max_facings)
    if short.size:
        raise ShelfError(f"The least facings of {shelf.items[short[0]]!r} do not fit on the levels: lower min_facings.")
    needed = float(shelf.width[shelf.category < 0] @ shelf.min_facings[shelf.category < 0])
    for c, name in enumerate(shelf.categories):
        low, high, mine = shelf.min_share[c], shelf.max_share[c], shelf.category == c
        if not 0 <= low <= high <= 1:
            raise ShelfError(f"Category {name!r}: give 0 <= min_share <= max_share <= 1.")
        least = float(shelf.width[mine] @ shelf.min_facings[mine])
        if least > high * capacity + 1e-9:
            raise ShelfError(f"The least facings of category {name!r} take more than its max_share: lower one of them.")
        if float(shelf.width[mine] @ shelf.max_facings[mine]) < low * capacity - 1e-9:
            raise ShelfError(f"Category {name!r} cannot reach its min_share with its items: lower it or raise max_facings.")
        needed += max(least, low * capacity)
    if needed > capacity + 1e-9:
        raise ShelfError("The least facings and shares of categories need more than the shelf: lower min_facings or min_share.")
    if not holds(shelf, shelf.min_facings):
        raise ShelfError("The least facings do not fit on the levels side by side: lower min_facings, or use wider levels.")
