"""A disagreement between the log and MongoDB."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement: where it is, and both numbers."""

    kind: str
    """lost, counted_twice, missing, statistics, items, customers, cashiers, currencies, log_truncated, unreadable."""
    sentence: str
    store: str | None = None
    item: str | None = None
    day: str | None = None
    column: str | None = None
    currency: str | None = None
    log: str | int | None = None
    mongodb: str | int | None = None
    partition: int | None = None
    offset: int | None = None

    def shown(self) -> dict[str, Any]:
        """The disagreement as JSON, without fields that do not apply."""
        return {key: value for key, value in asdict(self).items() if value is not None}
