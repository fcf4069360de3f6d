"""Turns a plan from MongoDB into what the picture draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from charts.figures.shelf_picture import ShelfPlan
from charts.queries.forecasts import share_of_shelf
from online_model.shelf import Item, Shelf, arrange, build_shelf
from producers.sources.shelf_file import as_planned
from streams.contract.errors import UsageError

if TYPE_CHECKING:
    from streams.contract.messages import ShelfDefined


def drawable(plan: dict[str, Any], event: ShelfDefined | None, levels: int) -> ShelfPlan:
    """The plan on its shelf: as `event` describes it, else on `levels` levels, with widths made up from percentages.

    Raises UsageError if the plan names items that the description lacks, or if neither a description nor facings exist.
    """
    by_item = {one["item"]: one for one in plan["items"]}
    shelf = _sketched(plan, levels) if event is None else as_planned(event)
    unknown = [name for name, one in by_item.items() if name not in shelf.items and share_of_shelf(one) > 0]
    if unknown:
        raise UsageError(f"The plan has {unknown[0]!r} but the file does not: give the file of this shelf.")
    of = [by_item.get(item, {}) for item in shelf.items]
    facings = np.array([one.get("facings") or 0 for one in of], dtype=np.int64)
    if event is not None and not facings.any():
        raise UsageError("The newest plan has no facings: define the shelf (shelfcast shelf define) and wait for a close.")
    before = [one.get("previous_facings") for one in of]
    known = [one.get("profit_per_day") for one in of]
    return ShelfPlan(
        store=plan["store"],
        name=plan["shelf"],
        shelf=shelf,
        facings=facings if facings.any() else np.ones(len(facings), dtype=np.int64),
        previous=None if all(b is None for b in before) else np.array([b or 0 for b in before], dtype=np.int64),
        profit_per_day=None if all(k is None for k in known) else np.array([k or 0.0 for k in known]),
        origin=plan["origin"],
        to_scale=event is not None,
    )


def _sketched(plan: dict[str, Any], levels: int) -> Shelf:
    """A shelf whose widths are the percentages of its plan; items without space are left out."""
    items = [one for one in plan["items"] if share_of_shelf(one) > 0]
    widths = [share_of_shelf(one) / (one.get("facings") or 1) for one in items]
    # Extra room: whole items must find a place on levels whose real width is unknown.
    level_width = max(100.0 / levels * 1.08, max(widths) * 1.01)
    while True:
        shelf = build_shelf(level_width, levels, [Item(one["item"], width=w) for one, w in zip(items, widths, strict=True)])
        facings = np.array([one.get("facings") or 1 for one in items], dtype=np.int64)
        if _fits(shelf, facings):
            return shelf
        level_width *= 1.05


def _fits(shelf: Shelf, facings: np.ndarray[Any, np.dtype[np.int64]]) -> bool:
    return sum(block.facings for block in arrange(shelf, facings)) == int(facings.sum())
