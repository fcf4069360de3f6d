"""What empty shelves cost a store on a day: the model's lost units times usual prices and profits, with a band, by currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streams.contract.stock_messages import LostItem, LostMoney, LostSalesEstimated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.results import LostSales
    from streams.processor.store import Store

    Floats = NDArray[np.float64]


def lost_sales(store: Store, lost: LostSales, price: Floats, profit: Floats | None, header: dict[str, object]) -> LostSalesEstimated | None:
    """The message about a day's lost sales, the dearest item first; None if nothing was out in hours that sell.

    price, profit: usual ones per unit of the rows in `lost`, `[m]`; None: no sale came with a profit or a cost. `header`: the fields that
    do not follow from what was lost.
    """
    rows = lost.rows.tolist()
    hours = lost.hours_out.tolist()
    units = lost.lost
    # Of an item that is not known yet nothing was expected.
    shown = [place for place in range(len(rows)) if hours[place] > 0 and units[0, place] > 0]
    if not shown or store.ledger is None:
        return None
    lines = [store.ledger.lines.get(row) for row in rows]
    revenue = units[0] * price
    gain = None if profit is None else units[0] * profit
    order = sorted(shown, key=lambda place: (-float(revenue[place]), store.names[rows[place]]))
    currencies = {place: line.currency if (line := lines[place]) is not None else None for place in shown}
    items = tuple(
        LostItem(
            item=store.names[rows[place]],
            category=None if (line := lines[place]) is None else line.category,
            hours_out=hours[place],
            sold=round(float(lost.sold[place]), 3),
            demand=round(max(float(lost.demand[place]), 0.0), 3),
            p10=round(max(float(lost.p10[place]), 0.0), 3),
            p90=round(max(float(lost.p90[place]), 0.0), 3),
            revenue=round(float(revenue[place]), 4),
            profit=None if gain is None else round(float(gain[place]), 4),
            currency=currencies[place],
        )
        for place in order
    )
    names = sorted(set(currencies.values()), key=lambda currency: currency or "")
    money = tuple(
        _money(name, units[:, of], price[of], None if profit is None else profit[of]) for name in names for of in (_of(currencies, name),)
    )
    whole = _summed(units[:, shown], np.ones(len(shown)))
    return LostSalesEstimated(
        **header,  # type: ignore[arg-type]
        n=len(shown),
        units=whole[0],
        units_p10=whole[1],
        units_p90=whole[2],
        money=money,
        items=items,
    )


def _of(currencies: dict[int, str | None], name: str | None) -> list[int]:
    return [place for place, currency in currencies.items() if currency == name]


def _money(currency: str | None, units: Floats, price: Floats, profit: Floats | None) -> LostMoney:
    revenue = _summed(units, price)
    gain = (None, None, None) if profit is None else _summed(units, profit)
    return LostMoney(
        currency=currency,
        revenue=revenue[0],
        revenue_p10=revenue[1],
        revenue_p90=revenue[2],
        profit=gain[0],
        profit_p10=gain[1],
        profit_p90=gain[2],
    )


def _summed(units: Floats, each: Floats) -> tuple[float, float, float]:
    """Mean, P10 and P90 of a sum over items; their errors are taken for independent, so the squares of their bands add up."""
    mean, low, high = units * each
    whole = float(mean.sum())
    below, above = float(np.sqrt(((mean - low) ** 2).sum())), float(np.sqrt(((high - mean) ** 2).sum()))
    return round(whole, 4), round(max(whole - below, 0.0) if whole >= 0 else whole - below, 4), round(whole + above, 4)
