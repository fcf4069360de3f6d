"""What the pages ask of Kafka, handed in by whoever starts the web process; a page says so where something is not at hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
    """Its bytes as text; only the beginning if they are too many to be mended here."""
    money: float | None = None
    """What it was sold for, if that can be read."""
    whole: bool = True
    """Whether `text` is all of it, so that it can be mended and sent again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. state: good, warn or bad. todo: what to do about it; empty: nothing."""

    name: str
    state: str
    found: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Outside:
    """Doors to Kafka. Each may raise ServerError; None: this process has none."""

    lag: Callable[[], dict[str, int]] | None = None
    """Events that each consumer group has not read."""
    letters: Callable[[], Sequence[DeadLetter]] | None = None
    """The dead letters that wait, newest first."""
    publish: Callable[[str, Any], None] | None = None
    """Publish an event of a store, and return when Kafka has it."""
    mend: Callable[[str, str, str | None], None] | None = None
    """Send the dead letter at a place again as this text. With a store: only if letter and text are of it. May raise UsageError too."""
    dismiss: Callable[[str, str | None], None] | None = None
    """Settle the dead letter at a place without sending it; with a store, only if it is of that store."""
    checks: Mapping[str, Callable[[], Sequence[Finding]]] = field(default_factory=dict)
    """What may take minutes: `books`, whether log and database agree; `system`, whether servers, topics and state are as they should be."""
