"""What if: the next 28 days of a store under a change, forecast by the same model on a copy of its state. Pure.

The caller gives a processor of its own, read from a snapshot: nothing that is live is touched.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from online_model.shelf import Demand, Quantiles, ShelfSettings
from online_model.shelf.orders import order_units
from streams.contract.codec import encode, printable
from streams.contract.errors import RejectedEvent
from streams.contract.horizons import DAY, DAYS_AHEAD, LONGEST, WEEK
from streams.contract.messages import ShelfDefined
from streams.contract.what_if import Difference, ItemOutcome, Outcome, WhatIf, WhatIfAnswer, WhatIfError
from streams.processor.closing import OPENINGS_AHEAD
from streams.processor.local_time import EPOCH_ORDINAL, iso_date
from streams.processor.shelving import Planner, check_definition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model import DayClosed
    from online_model.combine.compared import Compared
    from streams.processor.processor import Processor
    from streams.processor.store import Store

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

Z90: Final = 1.2815515655446004
"""The P90 of a standard normal."""
GATED: Final = 0.05
"""A larger share of the same-weekday mean is worth a note."""


def what_if(processor: Processor, asked: WhatIf, settings: ShelfSettings) -> WhatIfAnswer:
    """The next 28 days of a store as it is and as changed. Raises WhatIfError.

    settings: lead time and service level as it is.
    """
    store, day = _known(processor, asked)
    rows = _rows(store, asked)
    found = _forecasts(processor, store, day, asked, rows)
    changed = replace(
        settings,
        lead_time_days=settings.lead_time_days if asked.lead_time_days is None else asked.lead_time_days,
        service_level=settings.service_level if asked.service_level is None else asked.service_level,
    )
    prices = processor.model.sales.usual_prices(store.series)
    unknown, gated = asked.promotion is True and not processor.model.knows_promotions, processor.model.gated
    one, other = (_Side(store, closed, day, own, prices) for closed, own in ((found.before, settings), (found.after, changed)))
    facings = _facings(store, found, day, settings, asked)
    return _answer(store, day, (one, other), found.log_deviation, facings, _notes(asked, gated, unknown=unknown))


def _known(processor: Processor, asked: WhatIf) -> tuple[Store, int]:
    """The store and its newest closed day."""
    if asked.price is not None:
        raise WhatIfError("price: this release has learned no effect of a price, so it cannot say what another one would do.")
    store = processor.store_named(asked.store)
    if store is None or store.first_open is None or not store.morning.shape[1]:
        raise WhatIfError(f"store {printable(asked.store)!r} has closed no day yet: nothing is forecast.")
    if asked.level_width is not None and asked.shelf not in store.shelves:
        raise WhatIfError(
            f"shelf: store {printable(asked.store)!r} has described {', '.join(map(printable, store.shelves)) or 'no shelf'}."
        )
    return store, store.first_open - 1


def _rows(store: Store, asked: WhatIf) -> Bools:
    """The items that are changed, [n]."""
    n = store.morning.shape[1]
    if asked.item is not None:
        row = store.items.get(asked.item)
        if row is None or row >= n:
            raise WhatIfError(f"item {printable(asked.item)!r} has no forecast in this store.")
        return np.asarray(np.arange(n) == row)
    if asked.category is not None:
        number, groups = store.categories.get(asked.category), store.groups_of(n)
        if number is None or groups is None:
            raise WhatIfError(f"category {printable(asked.category)!r}: no sale of this store has named it.")
        return np.asarray(groups == number)
    return np.ones(n, bool)


def _forecasts(processor: Processor, store: Store, day: int, asked: WhatIf, rows: Bools) -> Compared:
    """The forecasts under both."""
    n = len(rows)
    told = {d + EPOCH_ORDINAL: opens for d, opens in store.opening_told(day, OPENINGS_AHEAD).items()}
    held = store.promoted(day, DAYS_AHEAD)
    before = np.zeros((n, 1 + DAYS_AHEAD), bool) if held is None else held[:n]
    after = before.copy()
    if asked.promotion is not None:
        first, last = (_ahead(day, text, default) for text, default in ((asked.first_day, 1), (asked.last_day, DAYS_AHEAD)))
        if first > last:
            raise WhatIfError("first_day is after last_day: give the earlier day first.")
        after[np.ix_(rows, np.arange(first, last + 1))] = asked.promotion
    closed = {day + EPOCH_ORDINAL + _ahead(day, text, 1): False for text in asked.closed}
    return processor.model.compare(store.index, (before, told), (after, told | closed))


def _ahead(day: int, text: str | None, default: int) -> int:
    """How many days after `day` a date lies, 1 to 28."""
    if text is None:
        return default
    try:
        ahead = date.fromisoformat(text).toordinal() - EPOCH_ORDINAL - day
    except ValueError:
        raise WhatIfError(f"{text!r} is no date.") from None
    if not 1 <= ahead <= DAYS_AHEAD:
        raise WhatIfError(f"{text} lies outside the days that are forecast: {iso_date(day + 1)} to {iso_date(day + DAYS_AHEAD)}.")
    return ahead


class _Side:
    """One side of the comparison, [n] each: units with their standard deviation, revenue, profit and orders."""

    def __init__(self, store: Store, closed: DayClosed, day: int, settings: ShelfSettings, prices: Floats) -> None:
        month = closed.horizons[LONGEST.name]
        self.units = np.nan_to_num(month.mean)
        n = len(self.units)
        self.deviation = np.nan_to_num(month.p90 - month.p10) / (2 * Z90)
        self.price, self.margin = prices[:n], store.unit_profit(n)
        stock = np.array([np.nan if store.ledger is None else store.ledger.units(row) for row in range(n)])
        next_day, week = (
            Quantiles(*(np.nan_to_num(v) for v in (one.mean, one.p10, one.p50, one.p90)))
            for one in (closed.horizons[DAY.name], closed.horizons[WEEK.name])
        )
        self.orders = order_units(Demand(next_day, week, stock=stock, date_number=day + EPOCH_ORDINAL), settings)

    def outcome(self, rows: Bools | int) -> Outcome:
        """Of one item, or of some together."""
        return Outcome(
            units=_sum(self.units[rows]),
            revenue=_sum((self.units * self.price)[rows]),
            profit=_sum((self.units * self.margin)[rows]),
            order_units=_sum(self.orders[rows]),
        )


def _difference(sides: tuple[_Side, _Side], log_deviation: Floats, rows: Bools | int) -> Difference:
    """Two things are unsure: how many units there would be to multiply, item by item, and the effect, which the items share."""
    before, after = sides
    told: dict[str, float] = {}
    for name, worth in (("units", np.ones_like(before.units)), ("revenue", before.price), ("profit", before.margin)):
        change = ((after.units - before.units) * worth)[rows]
        ratio = after.units / np.maximum(before.units, 1e-9)
        noise = ((ratio - 1) * before.deviation * worth)[rows]
        effect = (after.units * log_deviation * worth)[rows]
        width = Z90 * float(np.sqrt(np.sum(noise**2) + np.sum(np.abs(effect)) ** 2))
        told |= {name: _sum(change), f"{name}_p10": round(_sum(change) - width, 3), f"{name}_p90": round(_sum(change) + width, 3)}
    return Difference(**told, order_units=_sum((after.orders - before.orders)[rows]))


def _facings(store: Store, found: Compared, day: int, settings: ShelfSettings, asked: WhatIf) -> tuple[dict[str, int], dict[str, int]]:
    """Facings by item of the plans under both, each from the plan in force."""
    in_force, out = {name: dict(plan) for name, plan in store.plans.items()}, []
    for closed in (found.before, found.after):
        if closed is found.after and asked.level_width is not None and asked.shelf is not None:
            store.shelves[asked.shelf] = _wider(store.shelves[asked.shelf], asked.level_width)
        store.plans = {name: dict(plan) for name, plan in in_force.items()}
        total: dict[str, int] = {}
        for planned in Planner(settings).decide(store, closed, day):
            for item, facings in zip(planned.made.items, planned.made.facings.tolist(), strict=True):
                total[item] = total.get(item, 0) + facings
        out.append(total)
    return out[0], out[1]


def _wider(definition: bytes, level_width: float) -> bytes:
    """A shelf with another width of its levels. Raises WhatIfError if nothing can be planned then."""
    defined = msgspec.structs.replace(msgspec.json.decode(definition, type=ShelfDefined), level_width=level_width)
    try:
        check_definition(defined)
    except RejectedEvent as error:
        raise WhatIfError(f"level_width: {error}") from None
    return encode(defined)


def _answer(
    store: Store,
    day: int,
    sides: tuple[_Side, _Side],
    log_deviation: Floats,
    facings: tuple[dict[str, int], dict[str, int]],
    notes: tuple[str, ...],
) -> WhatIfAnswer:
    before, after = sides
    moved = (np.abs(after.units - before.units) > 1e-3 * np.maximum(before.units, 1e-9)) | (after.orders != before.orders)
    moved |= np.array([facings[0].get(name) != facings[1].get(name) for name in store.names[: len(moved)]])
    order = sorted(np.flatnonzero(moved).tolist(), key=lambda row: -abs((after.units[row] - before.units[row]) * before.margin[row]))
    every = np.ones(len(before.units), bool)
    return WhatIfAnswer(
        store=store.name,
        origin=iso_date(day),
        first_day=iso_date(day + 1),
        last_day=iso_date(day + DAYS_AHEAD),
        before=before.outcome(every),
        after=after.outcome(every),
        difference=_difference(sides, log_deviation, every),
        items=tuple(
            ItemOutcome(
                item=store.names[row],
                before=before.outcome(row),
                after=after.outcome(row),
                difference=_difference(sides, log_deviation, row),
                facings=facings[0].get(store.names[row]),
                facings_after=facings[1].get(store.names[row]),
            )
            for row in order
        ),
        notes=notes,
    )


def _notes(asked: WhatIf, gated: float, *, unknown: bool) -> tuple[str, ...]:
    notes = ["This is what the model has learned to expect, and no claim about the world: nobody has seen both sides of a day."]
    if unknown:
        notes.append("No promotion was ever told ahead here, so the model does not know what one does.")
    elif asked.promotion is not None:
        notes.append("A promotion counts as a usual one of the past, at the item's usual price and profit.")
    if gated > GATED:
        notes.append(f"The model is young: {gated:.0%} of its 28 days are still the same-weekday mean, which no announcement changes.")
    if asked.closed:
        notes.append("What customers buy beside closed days instead is in it only as far as earlier closed days have taught it.")
    if asked.lead_time_days is not None or asked.service_level is not None:
        notes.append("Lead time and service level change the orders of items whose stock is known; the others are ordered as they sell.")
    return tuple(notes)


def _sum(values: Floats) -> float:
    return round(float(np.sum(values)), 3)
