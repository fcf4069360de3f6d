"""Events that meet an error of the program: put aside as dead letters, with a decision that every replay repeats.

A state that an event has left half changed is thrown away. What replaces it is the state of the same log with that event put
aside, so a decision is taken before the state is made anew, and is part of it from the event on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from streams.contract.errors import EventFault

REASON: Final = "internal_error"

KEPT: Final = 1000
"""Decisions that a state remembers: the newest. An older one is taken again when its event meets its error again."""

AGAIN: Final = 20
"""Faults after which going over a whole log again is given up: the program is broken, not the log."""

_OURS: Final = ("streams.", "online_model.")

Decisions = Mapping[int, str]
"""Offset of an event put aside -> where its error was."""

T = TypeVar("T")


class Quarantine:
    """The decisions about one partition: `ahead` of its state, and `passed`, which are a part of it."""

    def __init__(self) -> None:
        self.ahead: dict[int, str] = {}
        self.passed: dict[int, str] = {}

    def decide(self, decisions: Iterable[tuple[int, str]], next_offset: int) -> None:
        """Put events aside; those below `next_offset` were decided about when they were passed."""
        self.ahead.update((offset, place) for offset, place in decisions if offset >= next_offset)

    def take(self, offset: int) -> str:
        """Pass an event that is put aside; the sentence of its dead letter."""
        place = self.passed[offset] = self.ahead.pop(offset)
        if len(self.passed) > KEPT:
            del self.passed[next(iter(self.passed))]
        return f"An error of the program, not of the event ({place}): report it; after an upgrade, send the event again."

    def dump(self) -> list[tuple[int, str]]:
        """The decisions that are a part of the state, in the order of the log."""
        return list(self.passed.items())

    def restore(self, passed: Iterable[tuple[int, str]]) -> None:
        """Take up what `dump` gave."""
        self.passed = dict(passed)


def place_of(error: BaseException) -> str:
    """Where an error arose, as `module:line Type`: the innermost line of ours, and nothing of the event."""
    place, trace = "", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if not place or module.startswith(_OURS):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{place} {type(error).__name__}"[:120]


def deciding(over_the_log: Callable[[Mapping[int, Decisions]], T], known: Mapping[int, Decisions] | None = None) -> T:
    """Go over a whole log, from its beginning again for each event that meets an error, which is then put aside.

    over_the_log: makes its processors anew with the decisions it is given, {partition: decisions}.
    known: decisions that stand already. Raises EventFault after `AGAIN` of them.
    """
    taken = {partition: dict(decisions) for partition, decisions in (known or {}).items()}
    for _ in range(AGAIN):
        try:
            return over_the_log(taken)
        except EventFault as fault:
            taken.setdefault(fault.partition, {})[fault.offset] = fault.place
    return over_the_log(taken)
