"""A shelf and what may stand on it, as arrays with one entry for each item."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from online_model.shelf import levels as shelf_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_FACINGS_OF_AN_ITEM = 200
"""The maximum of an item that names none."""

MOST_UNITS_OF_A_CASE = 1e9

MOST_FACINGS = 20_000
"""A shelf that takes more is described in two different units; planning it would also hold up the stream for seconds."""


class ShelfError(ValueError):
    """A shelf that no plan can satisfy; the message says what to change."""


class ItemLike(Protocol):
    """An item as a shelf file or a message describes it: the fields of `shelf-defined.v1`."""

    @property
    def item(self) -> str: ...  # noqa: D102
    @property
    def width(self) -> float: ...  # noqa: D102
    @property
    def price(self) -> float | None: ...  # noqa: D102
    @property
    def cost(self) -> float | None: ...  # noqa: D102
    @property
    def case_size(self) -> int: ...  # noqa: D102
    @property
    def units_per_facing(self) -> float: ...  # noqa: D102
    @property
    def min_facings(self) -> int: ...  # noqa: D102
    @property
    def max_facings(self) -> int | None: ...  # noqa: D102
    @property
    def category(self) -> str | None: ...  # noqa: D102
    @property
    def must_stay(self) -> bool: ...  # noqa: D102
    @property
    def group(self) -> str | None: ...  # noqa: D102


class ShareLike(Protocol):
    """Bounds on a category's share of the shelf's width, 0 to 1."""

    @property
    def category(self) -> str: ...  # noqa: D102
    @property
    def min_share(self) -> float: ...  # noqa: D102
    @property
    def max_share(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a shelf, for callers that do not have a message.

    Attributes
    ----------
    width
        Width of one facing, in the unit of the shelf's width.
    price, cost
        Per unit, in the currency; None: unknown.
    case_size
        Units in a case; orders are whole cases.
    units_per_facing
        Units that stand in one facing, behind and on top of each other.
    min_facings, max_facings
        Least and most facings; None: no maximum of its own.
    must_stay
        Whether the item keeps at least one facing.
    group
        Items of the same group stand together.

    """

    item: str
    width: float = 1.0
    price: float | None = None
    cost: float | None = None
    case_size: int = 1
    units_per_facing: float = 6.0
    min_facings: int = 0
    max_facings: int | None = None
    category: str | None = None
    must_stay: bool = False
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CategoryBound:
    """Bounds on the share of the shelf's width that a category may take, 0 to 1."""

    category: str
    min_share: float = 0.0
    max_share: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """A shelf: levels of equal width, and its items. Build it with `Shelf.of`, which checks it.

    Attributes
    ----------
    level_width
        Width of one level, in the unit of the items' widths.
    levels
        Number of levels.
    items
        Names, in the order of every array.
    width, price, cost, case_size, units_per_facing
        `[n]`; NaN where a price or cost is unknown.
    min_facings, max_facings
        `[n]` whole facings; `min_facings` is at least 1 for items that must stay.
    category, group
        `[n]` numbers of the category and of the group; -1: none.
    categories
        Names of the categories.
    min_share, max_share
        `[categories]` bounds on the share of the shelf's width.

    """

    level_width: float
    levels: int
    items: tuple[str, ...]
    width: Floats
    price: Floats
    cost: Floats
    case_size: Floats
    units_per_facing: Floats
    min_facings: Ints
    max_facings: Ints
    category: Ints
    group: Ints
    categories: tuple[str, ...]
    min_share: Floats
    max_share: Floats

    @classmethod
    def of(cls, level_width: float, levels: int, items: Iterable[ItemLike], shares: Iterable[ShareLike] = ()) -> Self:
        """Build a shelf from its description; raises ShelfError if no plan could satisfy it."""
        items, shares = tuple(items), tuple(shares)
        names = tuple(i.item for i in items)
        _check_names(names, [s.category for s in shares])
        _check_numbers(level_width, levels, items)
        width = _floats([i.width for i in items])
        # One more than a shelf may take stands for all larger numbers, which need not fit in 64 bits.
        most = [MOST_FACINGS_OF_AN_ITEM if i.max_facings is None else min(i.max_facings, MOST_FACINGS + 1) for i in items]
        with np.errstate(over="ignore"):
            fit = np.minimum(levels * np.floor(level_width / width + 1e-9), MOST_FACINGS + 1)
        category, categories = _numbered([i.category for i in items])
        categories = (*categories, *(s.category for s in shares if s.category not in categories))
        bounds = {s.category: (s.min_share, s.max_share) for s in shares}
        shelf = cls(
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

    @property
    def equal_widths(self) -> bool:
        """Whether every item has the same width."""
        return bool(np.ptp(self.width) <= 1e-9 * self.width[0])

    @property
    def capacity(self) -> float:
        """Width of all levels together; where all items are equally wide, without the rest of each level that no facing fits into."""
        if self.equal_widths:
            return float(self.levels * np.floor(self.level_width / self.width[0] + 1e-9) * self.width[0])
        return self.level_width * self.levels


def _floats(values: Sequence[Any]) -> Floats:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _numbered(labels: Sequence[str | None]) -> tuple[Ints, tuple[str, ...]]:
    """Numbers for labels in the order of their first appearance, -1 for None; and the labels."""
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
    """Raise ShelfError if the minima exceed the room, or the maxima cannot reach a category's minimum."""
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
    if not shelf_levels.holds(shelf, shelf.min_facings):
        raise ShelfError("The least facings do not fit on the levels side by side: lower min_facings, or use wider levels.")
