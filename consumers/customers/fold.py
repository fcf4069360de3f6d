"""Folds sales into the documents of customers and cashiers: pure functions, guarded by the offset like those of `consumers.statistics`.

A document holds sorted `cells` (days of a customer, hours of a cashier) and beside them one array for each of DAY_COLUMNS; a column that is
zero throughout is left out. One currency a document, so that money is never added across.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from consumers.statistics.fold import count_line, count_money, is_new_order
from streams.contract.documents import (
    CASHIER_MONTHS,
    CUSTOMER_YEARS,
    DAY_COLUMNS,
    DAY_ORDERS,
    document_id,
    exact,
    stored,
)
from streams.contract.messages import SaleAccepted

Document = dict[str, Any]

ORDERS_REMEMBERED: Final = 8
MOST_NAMES: Final = 500
"""Most names in a customer's `bought`; lines of further ones are counted in the cells only."""


class PersonKey(NamedTuple):
    """Which document: `period` is the year of a customer's, the month of a cashier's; `currency` "" is that of lines that named none."""

    collection: str
    partition: int
    store: str
    person: str
    currency: str
    period: str


def by_person(sales: Iterable[SaleAccepted]) -> dict[PersonKey, list[SaleAccepted]]:
    """Sales by the documents they belong to, in the order given; a sale with customer and cashier belongs to two."""
    groups: defaultdict[PersonKey, list[SaleAccepted]] = defaultdict(list)
    for sale in sales:
        for key in keys_of(sale):
            groups[key].append(sale)
    return groups


def keys_of(sale: SaleAccepted) -> Iterable[PersonKey]:
    """The documents of a sale; none if it names nobody."""
    if sale.customer is not None:
        yield PersonKey(CUSTOMER_YEARS, sale.partition, sale.store, sale.customer, sale.currency or "", sale.business_date[:4])
    if sale.cashier is not None:
        yield PersonKey(CASHIER_MONTHS, sale.partition, sale.store, sale.cashier, sale.currency or "", sale.business_date[:7])


def id_of(key: PersonKey) -> str:
    """The `_id` of the document of a key."""
    return document_id(*key[1:])


def empty(key: PersonKey) -> Document:
    """The document of a key before its first sale."""
    is_customer = key.collection == CUSTOMER_YEARS
    return {
        "_id": id_of(key),
        "v": -1,
        "partition": key.partition,
        "store": key.store,
        "customer" if is_customer else "cashier": key.person,
        "currency": key.currency or None,
        "year" if is_customer else "month": key.period,
        "cells": [],
        "order_hashes": [],
    }


def cell_of(sale: SaleAccepted, collection: str) -> int:
    """A sale's cell: 100 x month + day for a customer, 100 x day + hour for a cashier."""
    day = int(sale.business_date[8:])
    return int(sale.business_date[5:7]) * 100 + day if collection == CUSTOMER_YEARS else day * 100 + sale.hour


def applied(document: Document, sales: Sequence[SaleAccepted]) -> Document:
    """The document after those sales that are newer than what it holds; itself if there are none.

    Sales must belong to this document and come in the order of their offsets.
    """
    v = document["v"]
    newer = [sale for sale in sales if sale.offset > v]
    if not newer:
        return document
    is_customer = "customer" in document
    collection = CUSTOMER_YEARS if is_customer else CASHIER_MONTHS
    orders = dict.fromkeys(document["order_hashes"])
    rows: defaultdict[int, list[int]] = defaultdict(lambda: [0] * len(DAY_COLUMNS))
    for sale in newer:
        row = rows[cell_of(sale, collection)]
        count_line(row, sale)
        count_money(row, sale)
        if sale.order_id is not None and is_new_order(sale.order_id, orders, ORDERS_REMEMBERED):
            row[DAY_ORDERS] += 1
    more = _with_rows(document, rows) | {"v": newer[-1].offset, "order_hashes": list(orders)}
    if is_customer:
        more |= _with_names(document, newer)
    return document | more


def _with_rows(document: Document, rows: dict[int, list[int]]) -> Document:
    """The cells and columns after these rows are added."""
    cells = list(document["cells"])
    columns: dict[str, list[int | str]] = {name: list(document[name]) if name in document else [0] * len(cells) for name in DAY_COLUMNS}
    for cell in sorted(rows):
        place = bisect_left(cells, cell)
        if place == len(cells) or cells[place] != cell:
            cells.insert(place, cell)
            for column in columns.values():
                column.insert(place, 0)
        for column, number in zip(columns.values(), rows[cell], strict=True):
            if number:
                column[place] = stored(exact(column[place]) + number)
    return {"cells": cells} | {name: column for name, column in columns.items() if name in document or any(column)}


def _with_names(document: Document, sales: Iterable[SaleAccepted]) -> Document:
    """How many lines of each category (of the item, where a sale names no category) the customer has bought."""
    lines = dict(zip(document.get("bought", ()), document.get("bought_lines", ()), strict=True))
    for sale in sales:
        if sale.quantity > 0:
            name = sale.category or sale.item
            if name in lines:
                lines[name] += 1
            elif len(lines) < MOST_NAMES:
                lines[name] = 1
    return {"bought": list(lines), "bought_lines": list(lines.values())}
