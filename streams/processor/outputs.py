"""What a run of the log leads to, ready for the broker: keys and bytes, in order."""

from typing import NamedTuple


class Rejection(NamedTuple):
    """A refused event: its bytes as they came, why it was refused, and where it stood."""

    raw: bytes
    key: bytes | None
    reason: str
    sentence: str
    offset: int


class Outputs:
    """The messages of one `Processor.apply`, by topic; within a topic they follow the order of the log."""

    __slots__ = ("accepted", "forecasts", "rejected")

    def __init__(self) -> None:
        self.accepted: list[tuple[bytes, bytes]] = []  # key, value
        self.forecasts: list[tuple[bytes, bytes]] = []
        self.rejected: list[Rejection] = []

    def __len__(self) -> int:
        return len(self.accepted) + len(self.forecasts) + len(self.rejected)
