"""A store's shelf plans at a close: one for each described shelf, or shares of space if none is described."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from online_model.shelf import Demand, Plan, Quantiles, Shelf, ShelfError, ShelfSettings, build_shelf, plan, share_of_space, shares_of_used
from streams.contract.errors import RejectedEvent
from streams.contract.horizons import DAY, WEEK
from streams.contract.messages import Allocation, ShelfAllocation, ShelfDefined
from streams.processor.local_time import EPOCH_ORDINAL
from streams.processor.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from online_model import DayClosed, HorizonForecast

    Floats = NDArray[np.float64]

_definition = msgspec.json.Decoder(ShelfDefined)


def check_definition(event: ShelfDefined) -> None:
    """Raise RejectedEvent if no plan could satisfy the shelf."""
    try:
        build_shelf(event.level_width, event.levels, event.items, event.shares)
    except ShelfError as error:
        raise RejectedEvent("invalid", str(error)) from None


class Planned(NamedTuple):
    """A described shelf, its new plan, and the demand behind the plan."""

    name: str
    shelf: Shelf
    made: Plan
    demand: Demand


class Planner:
    """Plans the shelves of a partition's stores; caches described shelves as arrays between closes."""

    def __init__(self, settings: ShelfSettings | None = None) -> None:
        self._settings = settings or ShelfSettings()
        self._shelves: dict[tuple[str, str], tuple[bytes, Shelf | None]] = {}

    def decide(self, store: Store, closed: DayClosed, day: int) -> list[Planned]:
        """Plan the store's described shelves after the close of `day`, and put the plans into force. Empty if no shelf is described."""
        return [self._planned(store, name, shelf, closed, day) for name, shelf in self._described_shelves(store).items()]

    def plans(self, store: Store, closed: DayClosed, decided: Sequence[Planned], header: dict[str, object]) -> Iterator[ShelfAllocation]:
        """The plans as messages, or shares of space if no shelf is described; `header` holds the fields that all messages share."""
        if decided:
            widths = [one.shelf.width * one.made.facings for one in decided]
            shares = np.split(shares_of_used(np.concatenate(widths)), np.cumsum([len(width) for width in widths])[:-1])
            for one, share in zip(decided, shares, strict=True):
                yield _message(one.made, one.name, one.demand, share, header)
            return
        rows = np.flatnonzero(closed.started)
        demand = closed.horizons[WEEK.name].mean[rows]
        share = share_of_space(demand, store.unit_profit(len(store.names))[rows])
        units = np.round(np.maximum(closed.horizons[DAY.name].mean[rows], 0), 3)
        items = tuple(
            Allocation(item=store.names[row], predicted_sales=unit, shelf_space_percentage=percent)
            for row, unit, percent in zip(rows.tolist(), units.tolist(), share.tolist(), strict=True)
        )
        yield ShelfAllocation(**header, items=items)  # type: ignore[arg-type]

    def _described_shelves(self, store: Store) -> dict[str, Shelf]:
        """The store's shelves, without those that an earlier release accepted but this one refuses."""
        found = ((name, self._shelf(store, name, definition)) for name, definition in store.shelves.items())
        return {name: shelf for name, shelf in found if shelf is not None}

    def _planned(self, store: Store, name: str, shelf: Shelf, closed: DayClosed, day: int) -> Planned:
        rows = np.array([store.items[item] for item in shelf.items], np.intp)
        n = len(store.names)
        # Where the ledger does not know, as after it was found wrong, what it holds must not steer an order.
        stock = np.full(n, np.nan) if store.ledger is None else store.ledger.known(n)
        demand = Demand(
            _quantiles(closed.horizons[DAY.name], rows),
            _quantiles(closed.horizons[WEEK.name], rows),
            unit_profit=store.unit_profit(n)[rows],
            stock=stock[rows],
            date_number=day + EPOCH_ORDINAL,
        )
        in_force: dict[str, int] | None = store.plans.get(name)
        current = None if in_force is None else np.array([in_force.get(item, 0) for item in shelf.items], np.int64)
        made = plan(shelf, demand, current, self._settings)
        store.plans[name] = dict(zip(shelf.items, made.facings.tolist(), strict=True))
        return Planned(name, shelf, made, demand)

    def _shelf(self, store: Store, name: str, definition: bytes) -> Shelf | None:
        known = self._shelves.get((store.name, name))
        if known is None or known[0] is not definition:
            try:
                event = _definition.decode(definition)
                shelf = build_shelf(event.level_width, event.levels, event.items, event.shares)
            except (msgspec.ValidationError, ShelfError):
                shelf = None
            known = (definition, shelf)
            self._shelves[store.name, name] = known
        return known[1]


def _quantiles(forecast: HorizonForecast, rows: NDArray[np.intp]) -> Quantiles:
    return Quantiles(*(np.nan_to_num(v[rows]) for v in (forecast.mean, forecast.p10, forecast.p50, forecast.p90)))


def _message(made: Plan, shelf: str, demand: Demand, share: Floats, header: dict[str, object]) -> ShelfAllocation:
    before = [None] * len(made.items) if made.previous_facings is None else made.previous_facings.tolist()
    stock = [None if np.isnan(s) else s for s in (demand.stock if demand.stock is not None else np.full(len(made.items), np.nan)).tolist()]
    columns = (
        made.items,
        np.round(np.maximum(demand.day.mean, 0), 3).tolist(),
        share.tolist(),
        made.shelf_space_percentage.tolist(),
        made.facings.tolist(),
        before,
        np.round(made.profit_per_day, 4).tolist(),
        np.round(made.marginal_profit, 4).tolist(),
        made.order_units.tolist(),
        stock,
    )
    names = (
        "item", "predicted_sales", "shelf_space_percentage", "percentage_of_shelf", "facings", "previous_facings",
        "profit_per_day", "marginal_profit", "order_units", "stock",
    )  # fmt: skip
    items = tuple(Allocation(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True))
    return ShelfAllocation(
        **header,  # type: ignore[arg-type]
        shelf=shelf,
        items=items,
        gain_per_day=None if made.gain_per_day is None else round(made.gain_per_day, 4),
        gain_over_share_of_sales=round(made.gain_over_share_of_sales, 4),
        gain_over_share_of_profit=round(made.gain_over_share_of_profit, 4),
        gain_over_equal_space=round(made.gain_over_equal_space, 4),
        changed=made.changed,
        reasons=made.reasons,
    )
