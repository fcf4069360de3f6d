"""How much to order: the newsvendor quantity over lead time plus review period, in whole cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.shelf.demand import Demand
    from online_model.shelf.shelf_settings import ShelfSettings

    Floats = NDArray[np.float64]

LEAST_LEVEL, MOST_LEVEL = 0.5, 0.995


def service_levels(price: Floats, cost: Floats, settings: ShelfSettings) -> Floats:
    """The newsvendor's critical ratio of each item, `[n]`: the loss of a missed sale, over that plus the loss of a unit left over.

    A unit left over loses `overage_share` of its cost. The ratio is kept between .5 and .995; where price or cost is unknown, it is the
    setting `service_level`.
    """
    under, over = price - cost, settings.overage_share * cost
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(under / (under + over), LEAST_LEVEL, MOST_LEVEL)
    ratio = np.where(under <= 0, LEAST_LEVEL, ratio)
    return np.where(np.isnan(under) | np.isnan(ratio), settings.service_level, ratio)


def order_units(
    demand: Demand,
    settings: ShelfSettings,
    *,
    price: Floats | None = None,
    cost: Floats | None = None,
    case_size: Floats | None = None,
) -> Floats:
    """Units to order now, `[n]`, in whole cases.

    Stock known: order up to the quantile of demand over lead time plus review period, less the stock on hand, and round cases up.

    Stock unknown: order what should sell until the next order, so that orders replace sales. The date decides the rounding: the whole
    cases due up to this order, less those due up to the one before. So a slow item is ordered a case at a time, and in the long run as
    much as it sells, without any memory of earlier orders.
    """
    n = len(demand.day.mean)
    unknown = np.full(n, np.nan)
    case = np.ones(n) if case_size is None else case_size
    stock = unknown if demand.stock is None else demand.stock
    levels = service_levels(unknown if price is None else price, unknown if cost is None else cost, settings)
    upto = demand.quantile(levels, settings.lead_time_days + settings.review_days)
    by_stock = np.ceil(np.maximum(upto - np.nan_to_num(stock), 0.0) / case - 1e-9)
    cases = demand.expected(settings.review_days) / case
    turn = demand.date_number / settings.review_days
    by_sales = np.floor(cases * (turn + 1)) - np.floor(cases * turn)
    return np.where(np.isnan(stock), by_sales, by_stock) * case
