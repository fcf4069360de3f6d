"""Places facings on levels, the boards of a shelf. A facing is never cut; an item stands on one level if any has room for all of it.

The allocation treats the width of all levels as one. Here it becomes a shelf: groups stand together on one level or on neighbouring ones;
an item that fits on no level as a whole is split over several; a facing that fits nowhere is left out. Plans are compared after this step
(`packing.fit`), so a stated gap holds for shelves that can be built.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from online_model.shelf.description import Shelf

    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Facings of one item side by side on a level.

    Attributes
    ----------
    level
        Number of the level; 0 is the lowest.
    item
        Index in the shelf's items.
    left
        Distance from the level's left end, in the unit of the shelf.

    """

    level: int
    item: int
    facings: int
    left: float


class Levels:
    """Levels while they are filled: the room left on each, and facings by level and item."""

    def __init__(self, shelf: Shelf) -> None:
        self.width = shelf.width.tolist()
        self.slack = 1e-9 * shelf.level_width
        self.room = [shelf.level_width] * shelf.levels
        self._by_room = [(room, level) for level, room in enumerate(self.room)]  # kept sorted
        self.stands: list[dict[int, int]] = [{} for _ in self.room]

    def put(self, level: int, item: int, facings: int) -> None:
        """Put facings on a level; a negative number takes them off."""
        del self._by_room[bisect_left(self._by_room, (self.room[level], level))]
        self.room[level] -= facings * self.width[item]
        insort(self._by_room, (self.room[level], level))
        there = self.stands[level].get(item, 0) + facings
        if there:
            self.stands[level][item] = there
        else:
            del self.stands[level][item]

    def level_for(self, width: float, near: int | None = None) -> int | None:
        """The level with the least room that still takes `width`, preferring those close to `near`; None: no level takes it."""
        fit = bisect_left(self._by_room, (width - self.slack, -1))
        if fit == len(self._by_room):
            return None
        if near is None:
            return self._by_room[fit][1]
        return min(self._by_room[fit:], key=lambda place: (abs(place[1] - near), place))[1]

    def stand(self, item: int, facings: int, near: int | None = None) -> int:
        """Place an item on one level if possible, else split it; returns the number of facings that found no place."""
        level = self.level_for(facings * self.width[item], near)
        if level is not None:
            self.put(level, item, facings)
            return 0
        for level in sorted(range(len(self.room)), key=lambda k: (0 if near is None else abs(k - near), -self.room[k], k)):
            some = min(facings, int((self.room[level] + self.slack) // self.width[item]))
            if some:
                self.put(level, item, some)
                facings -= some
        return facings

    def facings(self) -> Ints:
        """Facings of each item over all levels."""
        total = np.zeros(len(self.width), dtype=np.int64)
        for level in self.stands:
            for item, count in level.items():
                total[item] += count
        return total


def fill(shelf: Shelf, facings: Ints) -> Levels:
    """Levels filled with as many of `facings` as find a place, the widest groups and items first."""
    levels, counts = Levels(shelf), facings.tolist()
    for members in _units(shelf, facings):
        total = sum(counts[i] * levels.width[i] for i in members)
        level = levels.level_for(total) if len(members) > 1 else None
        if level is not None:
            for i in members:
                levels.put(level, i, counts[i])
            continue
        near: int | None = None
        for i in members:
            levels.stand(i, counts[i], near)
            near = next((k for k, stands in enumerate(levels.stands) if i in stands), near) if len(members) > 1 else None
    return levels


def holds(shelf: Shelf, facings: Ints) -> bool:
    """Whether all of these facings find a place on the levels."""
    if float(shelf.width @ facings) > shelf.capacity * (1 + 1e-9):
        return False
    return shelf.equal_widths or bool((fill(shelf, facings).facings() == facings).all())


def arrange(shelf: Shelf, facings: Ints) -> tuple[Block, ...]:
    """Where the facings of a plan stand, for a picture or for whoever fills the shelf; deterministic."""
    levels = fill(shelf, facings)
    blocks = []
    for level, stands in enumerate(levels.stands):
        left = 0.0
        for item in sorted(stands, key=lambda i: (_order(shelf, i), i)):
            blocks.append(Block(level, item, stands[item], left))
            left += stands[item] * levels.width[item]
    return tuple(blocks)


def _order(shelf: Shelf, item: int) -> tuple[int, int]:
    """Sort key along a level: category, then group, so that what belongs together stands together."""
    return int(shelf.category[item]), int(shelf.group[item])


def _units(shelf: Shelf, facings: Ints) -> list[Sequence[int]]:
    """Items to place as one unit, the widest first: groups, and items that belong to none."""
    group = np.where(shelf.group >= 0, shelf.group, len(facings) + np.arange(len(facings)))
    members: dict[int, list[int]] = {}
    for i in np.flatnonzero(facings).tolist():
        members.setdefault(int(group[i]), []).append(i)
    width = (shelf.width * facings).tolist()
    return sorted(members.values(), key=lambda m: (-sum(width[i] for i in m), m[0]))
