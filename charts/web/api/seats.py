"""How many streams may be open at once, in all and for one client."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from streams.http.access import RefusedError

_FORGOTTEN_SECONDS: Final = 90.0
"""A stream shows that it lives every few seconds. One that has not been seen for so long has ended without saying so."""
_RETRY_SECONDS: Final = 10


class Seats:
    """The open streams of a server, for its event loop alone."""

    def __init__(self, most: int, most_of_one: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._most_of_one, self._clock = most, most_of_one, clock
        self._taken: dict[object, tuple[str, float]] = {}

    def take(self, who: str) -> object:
        """A seat for a client. Raises RefusedError 429, or 503 where all are taken."""
        now = self._clock()
        self._taken = {seat: held for seat, held in self._taken.items() if now - held[1] < _FORGOTTEN_SECONDS}
        if Counter(owner for owner, _ in self._taken.values())[who] >= self._most_of_one:
            raise RefusedError(429, f"There are {self._most_of_one} streams of this key or address: end one of them.", _RETRY_SECONDS)
        if len(self._taken) >= self._most:
            raise RefusedError(503, "There are too many streams: try again later.", _RETRY_SECONDS)
        seat = object()
        self._taken[seat] = who, now
        return seat

    def seen(self, seat: object) -> None:
        """Note that a stream lives."""
        if seat in self._taken:
            self._taken[seat] = self._taken[seat][0], self._clock()

    def leave(self, seat: object) -> None:
        """Note that a stream has ended."""
        self._taken.pop(seat, None)
