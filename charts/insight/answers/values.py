"""The value of a measure in exact sums; None where the data do not tell it."""

from charts.queries.grouped import units_returned, units_sold
from charts.queries.sales import Sums
from streams.contract.documents import MONEY_LINES, MONEY_PROFIT_LINES

MONEY_DECIMALS = 2
RATIO_DECIMALS = 4


def money_rows(sums: Sums, currency: str | None) -> tuple[int, int]:
    """Lines in a currency, and those of them with a known profit."""
    row = sums.money.get(currency)
    return (row[MONEY_LINES], row[MONEY_PROFIT_LINES]) if row else (0, 0)


def value(sums: Sums, measure: str, currency: str | None) -> float | None:  # noqa: PLR0911 - one line a measure
    """A measure's value; money in units of the currency, ratios as fractions."""
    revenue, profit = sums.revenue_in(currency), sums.profit_in(currency)
    lines, known = money_rows(sums, currency)
    if measure == "revenue":
        return round(revenue / 1e6, MONEY_DECIMALS)
    if measure == "profit":
        return round(profit / 1e6, MONEY_DECIMALS) if known or not lines else None
    if measure == "margin":
        return _ratio(profit, revenue) if known == lines else None
    if measure == "price":
        return _ratio(revenue / 1e6, sums.units) if sums.units > 0 else None
    if measure == "orders":
        return sums.orders if sums.orders or not sums.sales else None
    if measure == "order_value":
        return _ratio(revenue / 1e6, sums.orders, MONEY_DECIMALS)
    if measure == "return_rate":
        return _ratio(units_returned(sums), units_sold(sums))
    counts: dict[str, float] = {
        "units": round(sums.units, 3),
        "returned_units": units_returned(sums),
        "sales": sums.sales,
        "returns": sums.returns,
    }
    return counts[measure]


def _ratio(part: float, whole: float, decimals: int = RATIO_DECIMALS) -> float | None:
    return round(part / whole, decimals) if whole > 0 else None
