"""Events at which the program fails: they are put aside as dead letters, by decisions that every replay repeats.

A state that an event has left half changed is thrown away. It is replaced by the state of the same log with that event put aside. So the
decision comes before the new state is built, and belongs to the state from the event on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from streams.contract.errors import EventFault

REASON: Final = "internal_error"

KEPT: Final = 1000
"""Number of decisions that a state remembers, the newest ones. An older event that fails again is decided about again."""

AGAIN: Final = 20
"""Faults after which reading the log from its beginning again is given up: then the program is broken, not the log."""

_OURS: Final = ("streams.", "online_model.")

Decisions = Mapping[int, str]
"""Offset of an event that is put aside -> where the program failed."""

T = TypeVar("T")


class Quarantine:
    """The decisions about one partition: those `ahead` of its state, and those it has `passed`, which are part of the state."""

    def __init__(self) -> None:
        self.ahead: dict[int, str] = {}
        self.passed: dict[int, str] = {}

    def decide(self, decisions: Iterable[tuple[int, str]], next_offset: int) -> None:
        """Put events aside; those below `next_offset` are passed already."""
        self.ahead.update((offset, place) for offset, place in decisions if offset >= next_offset)

    def take(self, offset: int) -> str:
        """Pass an event that is put aside; returns the sentence for its dead letter."""
        place = self.passed[offset] = self.ahead.pop(offset)
        if len(self.passed) > KEPT:
            del self.passed[next(iter(self.passed))]
        return f"The program failed at this event, which may be correct ({place}): report it, and send the event again after an upgrade."

    def dump(self) -> list[tuple[int, str]]:
        """The decisions that are part of the state, in the order of the log."""
        return list(self.passed.items())

    def restore(self, passed: Iterable[tuple[int, str]]) -> None:
        """Restore what `dump` returned."""
        self.passed = dict(passed)


def place_of(error: BaseException) -> str:
    """Where an error arose, as `module:line Type`: our innermost line, and nothing of the event's content."""
    place, trace = "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if not place or module.startswith(_OURS):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{place} {type(error).__name__}"[:120]


def deciding(over_the_log: Callable[[Mapping[int, Decisions]], T], known: Mapping[int, Decisions] | None = None) -> T:
    """Read a whole log; at each event at which the program fails, put it aside and start again from the beginning.

    over_the_log: reads the log with new processors under the decisions it is given, {partition: decisions}.
    known: decisions made before. Raises EventFault after `AGAIN` faults.
    """
    taken = {partition: dict(decisions) for partition, decisions in (known or {}).items()}
    for _ in range(AGAIN):
        try:
            return over_the_log(taken)
        except EventFault as fault:
            taken.setdefault(fault.partition, {})[fault.offset] = fault.place
    return over_the_log(taken)
