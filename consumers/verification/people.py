"""Compares what customers and cashiers have in MongoDB with the accepted sales, document by document, up to what each says it holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from consumers.customers.fold import PersonKey, keys_of
from consumers.statistics.fold import count_line, count_money
from consumers.store.port import Document
from consumers.verification.difference import Difference
from streams.contract.documents import CUSTOMER_YEARS, DAY_COLUMNS, exact, units_of
from streams.contract.messages import SaleAccepted
from streams.contract.money import MICROS, decimal_of

COMPARED: Final = tuple(place for place, name in enumerate(DAY_COLUMNS) if name != "orders")


@dataclass(slots=True)
class _Held:
    v: int
    held: list[int] = field(default_factory=lambda: [0] * len(DAY_COLUMNS))
    counted: list[int] = field(default_factory=lambda: [0] * len(DAY_COLUMNS))


class PeopleBooks:
    """Takes the documents of customers and cashiers, then the accepted sales, each once."""

    def __init__(self) -> None:
        self._held: dict[PersonKey, _Held] = {}

    def document(self, collection: str, document: Document) -> None:
        """Take a document as MongoDB holds it."""
        is_customer = collection == CUSTOMER_YEARS
        person, period = ("customer", "year") if is_customer else ("cashier", "month")
        key = PersonKey(
            collection, document["partition"], document["store"], document[person], document["currency"] or "", document[period]
        )
        sums = [sum(map(exact, document.get(name, ()))) for name in DAY_COLUMNS]
        self._held[key] = _Held(document["v"], sums)

    def accepted(self, sale: SaleAccepted, *, is_due: bool) -> None:
        """Count a sale. is_due: the consumers say that all documents hold it."""
        for key in keys_of(sale):
            held = self._held.get(key)
            if held is None and is_due:
                held = self._held[key] = _Held(-1)
            if held is not None and (is_due or sale.offset <= held.v):
                count_line(held.counted, sale)
                count_money(held.counted, sale)

    def differences(self, truncated: set[int]) -> Iterator[Difference]:
        """Every number that disagrees; documents of `truncated` partitions cannot be compared."""
        for key, held in self._held.items():
            if key.partition in truncated:
                continue
            for place in COMPARED:
                if held.counted[place] != held.held[place]:
                    yield _difference(key, DAY_COLUMNS[place], held.counted[place], held.held[place])


def _difference(key: PersonKey, column: str, counted: int, held: int) -> Difference:
    kind = "customer" if key.collection == CUSTOMER_YEARS else "cashier"
    log, mongodb = _shown(column, counted), _shown(column, held)
    what = column.rpartition("_")[0] or column
    return Difference(
        f"{kind}s",
        f"{what} of {kind} {key.person} in store {key.store}, {key.period}: {log} by the log, {mongodb} in MongoDB.",
        store=key.store, day=key.period, column=column, currency=key.currency or None, log=log, mongodb=mongodb, partition=key.partition,
    )  # fmt: skip


def _shown(name: str, number: int) -> str | int:
    if name.endswith("_micros"):
        return decimal_of(number, 6 if number % (MICROS // 100) else 2)
    return units_of(number) if name.endswith("_thousandths") else number
