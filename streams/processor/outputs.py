"""What applying a run of the log yields, ready for the broker: keys and bytes, in order."""

from typing import NamedTuple


class Rejection(NamedTuple):
    """A dead letter: the bytes as they came, and why and whence."""

    raw: bytes
    key: bytes | None
    reason: str
    sentence: str
    offset: int


class Outputs:
    """Messages of one `Processor.apply`, by topic; the order within a topic is the order of the log."""

    __slots__ = ("accepted", "forecasts", "rejected")

    def __init__(self) -> None:
        self.accepted: list[tuple[bytes, bytes]] = []  # key, value
        self.forecasts: list[tuple[bytes, bytes]] = []
        self.rejected: list[Rejection] = []

    def __len__(self) -> int:
        return len(self.accepted) + len(self.forecasts) + len(self.rejected)
