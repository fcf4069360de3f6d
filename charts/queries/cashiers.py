"""What each cashier sold, hour by hour, out of the documents of `cashier_months`."""

from collections.abc import Iterator
from typing import NamedTuple

from charts.queries.customers import cell_sums, of_stores
from charts.queries.sales import Finds, Period, Sums
from streams.contract.documents import CASHIER_MONTHS


class Hour(NamedTuple):
    """A cashier, and an hour (0 to 23) of a business date in a store."""

    cashier: str
    store: str
    day: str
    hour: int


def cashier_hours(database: Finds, period: Period, stores: tuple[str, ...] = ()) -> Iterator[tuple[Hour, Sums]]:
    """The sums of each hour in which a cashier had a line; of several currencies one after the other. Raises ServerError."""
    where = of_stores(stores) | ({"month": months} if (months := period.months()) else {})
    for document in database.find(CASHIER_MONTHS, where):
        month = document["month"]
        cells = iter(document["cells"])
        for day, sums in cell_sums(document, lambda cell, month=month: f"{month}-{cell // 100:02}"):  # type: ignore[misc]
            cell = next(cells)
            if period.holds(day):
                yield Hour(document["cashier"], document["store"], day, cell % 100), sums


def cashier_names(database: Finds) -> list[str]:
    """Names of all cashiers, sorted. Raises ServerError."""
    return sorted({document["cashier"] for document in database.find(CASHIER_MONTHS, {}, ("cashier",))})
