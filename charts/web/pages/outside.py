"""What the pages ask of Kafka, handed in by whoever starts the web process; a page says so where something is not at hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused event. at: when it was refused, epoch seconds."""

    place: str
    reason: str
    error: str
    source: str
    at: float
    store: str
    text: str
    """The beginning of its bytes, as text."""
    money: float | None = None
    """What it was sold for, if that can be read."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Doors to Kafka. Each may raise ServerError; None: this process has none."""

    lag: Callable[[], dict[str, int]] | None = None
    """Events that each consumer group has not read."""
    letters: Callable[[], Sequence[DeadLetter]] | None = None
    """The dead letters that wait, newest first."""
    publish: Callable[[str, Any], None] | None = None
    """Publish an event of a store, and return when Kafka has it."""
