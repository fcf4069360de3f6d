"""What stands between the reader of a topic and the database: a small contract."""

from typing import NamedTuple, Protocol

from streams.kafka.ends import LogEnds


class Record(NamedTuple):
    """A message as read."""

    partition: int
    offset: int
    timestamp: float
    """Seconds since 1970 at which it came to Kafka; 0: not known."""
    value: bytes


class Sink(Protocol):
    """Takes batches of one topic into the database, each message with effect once however often it is handed over."""

    name: str
    topic: str

    def start(self, partition: int, ends: LogEnds) -> int:
        """The offset to read a partition from. Raises ServerError, LogTruncatedError."""
        ...

    def write(self, records: list[Record]) -> None:
        """Apply a batch: all of it is in the database when this returns.

        Raises ServerError when it may not be; the same batch may be handed over again.
        """
        ...

    def tick(self) -> None:
        """Called now and then, whether or not there are messages: say what has been wrong for long."""
        ...

    def forget(self) -> None:
        """Partitions have changed hands, or a write failed: keep nothing in memory that another may have changed."""
        ...
