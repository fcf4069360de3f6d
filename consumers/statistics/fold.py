"""Folds sales into documents: pure functions from a document and sales to the next document.

A document's `v` is the source offset of the newest sale that it holds; it takes only newer ones. So the same sales may be folded in any
number of times, in batches cut anywhere. Sales must come in the order of their offsets.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from xxhash import xxh3_64_intdigest

from streams.contract.documents import (
    DAY_COLUMNS,
    DAY_ORDERS,
    DAY_PROFIT,
    DAY_PROFIT_LINES,
    DAY_RETURNED,
    DAY_RETURNS,
    DAY_REVENUE,
    DAY_SALES,
    DAY_UNITS,
    HOURS_A_WEEK,
    ITEM_MONTHS,
    MONEY_COLUMNS,
    MONEY_LINES,
    MONEY_PROFIT,
    MONEY_PROFIT_LINES,
    MONEY_REVENUE,
    STORE_MONTHS,
    document_id,
    exact,
    group_of,
    stored,
)
from streams.contract.messages import SaleAccepted

Document = dict[str, Any]
Key = tuple[int, str, str, str]
"""Partition, store, item ("" for the whole store), month."""

ITEM_ORDERS_REMEMBERED: Final = 8
STORE_ORDERS_REMEMBERED: Final = 64
"""How many of the newest orders are remembered: the lines of an order can be mixed with those of other tills."""

_LARGEST = (1 << 63) - 1


@lru_cache(maxsize=4096)
def hour_of_week_base(business_date: str) -> int:
    """Hours from Monday 00:00 to 00:00 of this date. Raises ValueError if there is no such date."""
    return date.fromisoformat(business_date).weekday() * 24


def by_item(sales: Iterable[SaleAccepted]) -> dict[Key, list[SaleAccepted]]:
    """Sales by the item document they belong to, in the order given."""
    groups: defaultdict[Key, list[SaleAccepted]] = defaultdict(list)
    for sale in sales:
        groups[sale.partition, sale.store, sale.item, sale.business_date[:7]].append(sale)
    return groups


def by_store(sales: Iterable[SaleAccepted]) -> dict[Key, list[SaleAccepted]]:
    """Sales by the store document they belong to, in the order given."""
    groups: defaultdict[Key, list[SaleAccepted]] = defaultdict(list)
    for sale in sales:
        groups[sale.partition, sale.store, "", sale.business_date[:7]].append(sale)
    return groups


def collection_of(key: Key) -> str:
    """The collection that holds the document of a key; a key without an item is that of the whole store."""
    return ITEM_MONTHS if key[2] else STORE_MONTHS


def id_of(key: Key) -> str:
    """The `_id` of the document of a key."""
    partition, store, item, month = key
    return document_id(partition, store, item, month) if item else document_id(partition, store, month)


def empty(key: Key) -> Document:
    """The document of a key before its first sale."""
    partition, store, item, month = key
    document: Document = {"_id": id_of(key), "v": -1, "partition": partition, "store": store}
    if item:
        document["item"] = item
    return document | {
        "month": month,
        "currency": None,
        "others": [],
        "days": {},
        "total": [0] * len(DAY_COLUMNS),
        "hours": [0] * HOURS_A_WEEK,
        "orders": [],
    }


def applied(document: Document, sales: Sequence[SaleAccepted]) -> Document:
    """The document after those sales that are newer than what it holds; itself if there are none.

    Sales must belong to this document and come in the order of their offsets.
    """
    v = document["v"]
    newer = sales if sales[0].offset > v else [sale for sale in sales if sale.offset > v]
    if not newer:
        return document
    rows: dict[str, list[int]] = {}
    days: dict[str, list[int | str]] = dict(document["days"])
    hours: list[int] = list(document["hours"])
    orders = dict.fromkeys(document["orders"])
    own = document["currency"] if v >= 0 else newer[0].currency
    others: list[Document] = document.get("others", [])
    groups = {own, *(other["currency"] for other in others)}
    foreign: list[tuple[str | None, SaleAccepted]] = []
    remembered = ITEM_ORDERS_REMEMBERED if "item" in document else STORE_ORDERS_REMEMBERED
    for sale in newer:
        day = sale.business_date[8:]
        row = rows.get(day)
        if row is None:
            row = rows[day] = [exact(n) for n in days[day]] if day in days else [0] * len(DAY_COLUMNS)
        count_line(row, sale)
        currency = sale.currency if sale.currency == own else group_of(sale.currency, groups)
        if currency == own:
            count_money(row, sale)
        else:
            groups.add(currency)
            foreign.append((currency, sale))
        if sale.quantity > 0:
            hours[hour_of_week_base(sale.business_date) + sale.hour] += 1
        if sale.order_id is not None and is_new_order(sale.order_id, orders, remembered):
            row[DAY_ORDERS] += 1
    total = [exact(number) for number in document["total"]]
    for day, row in rows.items():
        before = days.get(day)
        for column, number in enumerate(row):
            total[column] += number - (exact(before[column]) if before else 0)
        days[day] = _fitting(row)
    # A document of the first format added up all currencies; it says up to which offset.
    format_change = {} if "others" in document else {"mixed_to": v}
    category = next((sale.category for sale in reversed(newer) if sale.category is not None), None) if "item" in document else None
    return (
        document
        | format_change
        | ({} if category is None else {"category": category})
        | {
            "v": newer[-1].offset,
            "currency": own,
            "others": _with_foreign(others, foreign) if foreign else others,
            "first": min(days),
            "last": max(days),
            "newest_sale": max(document.get("newest_sale", 0.0), *(sale.sold_at for sale in newer)),
            "total": _fitting(total),
            "days": days,
            "hours": hours,
            "orders": list(orders),
        }
    )


def _with_foreign(others: list[Document], foreign: Iterable[tuple[str | None, SaleAccepted]]) -> list[Document]:
    """The money in other currencies after more lines; the given rows stay unchanged."""
    rows: dict[str | None, dict[str, list[int]]] = {
        other["currency"]: {day: [exact(number) for number in row] for day, row in other["days"].items()} for other in others
    }
    for currency, sale in foreign:
        row = rows.setdefault(currency, {}).setdefault(sale.business_date[8:], [0] * len(MONEY_COLUMNS))
        add_money(row, sale)
    return [
        {
            "currency": currency,
            "days": {day: _fitting(row) for day, row in days.items()},
            "total": _fitting([sum(column) for column in zip(*days.values(), strict=True)]),
        }
        for currency, days in rows.items()
    ]


def _fitting(row: list[int]) -> list[int | str]:
    """A row with numbers that MongoDB can hold."""
    if max(row) <= _LARGEST and min(row) >= ~_LARGEST:
        return list(row)
    return [stored(number) for number in row]


def count_line(row: list[int], sale: SaleAccepted) -> None:
    """Count one line in its day's row, in the order of DAY_COLUMNS, without its money."""
    thousandths = round(sale.quantity * 1000)
    row[DAY_UNITS] += thousandths
    if sale.quantity > 0:
        row[DAY_SALES] += 1
    else:
        row[DAY_RETURNS] += 1
        row[DAY_RETURNED] -= thousandths


def count_money(row: list[int], sale: SaleAccepted) -> None:
    """Count the money of one line into its day's row, in the order of DAY_COLUMNS."""
    row[DAY_REVENUE] += sale.revenue_micros
    if sale.profit_micros is not None:
        row[DAY_PROFIT] += sale.profit_micros
        row[DAY_PROFIT_LINES] += 1


def add_money(row: list[int], sale: SaleAccepted) -> None:
    """Count the money of one line in the order of MONEY_COLUMNS."""
    row[MONEY_REVENUE] += sale.revenue_micros
    if sale.profit_micros is not None:
        row[MONEY_PROFIT] += sale.profit_micros
        row[MONEY_PROFIT_LINES] += 1
    row[MONEY_LINES] += 1


def is_new_order(order_id: str, orders: dict[int, None], remembered: int) -> bool:
    """Whether a line begins an order: its id is not among the newest ones. Ids are kept as 64-bit hashes."""
    digest = xxh3_64_intdigest(order_id.encode()) - (1 << 63)
    if digest in orders:
        return False
    if len(orders) >= remembered:
        del orders[next(iter(orders))]
    orders[digest] = None
    return True
