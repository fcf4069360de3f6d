"""A shelf and what may stand on it, as arrays with one entry for each item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


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
    """A shelf: levels of one width, and its items. Made by `build_shelf`, which checks it.

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
