"""The contract between the reader of a topic and what writes to the database."""

from typing import NamedTuple, Protocol

from streams.kafka.ends import LogEnds


class Record(NamedTuple):
    """A message as read."""

    partition: int
    offset: int
    timestamp: float
    """When it came to Kafka, seconds since 1970; 0: unknown."""
    value: bytes
    key: bytes | None = None
    """Read only where it is asked for, as are the headers."""
    headers: tuple[tuple[str, bytes], ...] = ()


class Sink(Protocol):
    """Writes batches of one topic to the database; each message takes effect once, however often it is handed over."""

    name: str
    topic: str

    def start(self, partition: int, ends: LogEnds) -> int:
        """The offset to read a partition from. Raises ServerError, LogTruncatedError."""
        ...

    def write(self, records: list[Record]) -> None:
        """Apply a batch: all of it is in the database when this returns.

        Raises ServerError if that is not certain; the same batch may then be handed over again.
        """
        ...

    def tick(self) -> None:
        """Called from time to time, with or without messages: report what has been wrong for too long."""
        ...

    def forget(self) -> None:
        """Drop everything in memory that another process may have changed: partitions changed hands, or a write failed."""
        ...
