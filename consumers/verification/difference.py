"""What does not agree."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree, with where it is and both numbers."""

    kind: str
    """lost, counted_twice, missing, statistics, items, currencies, log_truncated, unreadable."""
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
        """As JSON, without what does not apply."""
        return {key: value for key, value in asdict(self).items() if value is not None}
