"""Brings the messages of a topic to one hook, in order: which are for it, which it has had, and when to try again."""

import random
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from consumers.webhooks.hooks import Hook
from consumers.webhooks.sending import Outcome, Sends, headers_of, outcome_of, wait_after

REMEMBERED: Final = 20_000
"""Ids of messages that a hook has taken, so that one which a worker published again after a crash is not sent again."""


class _Head(msgspec.Struct):
    """What is read of a message."""

    type: str
    id: str
    store: str | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)


class Brought(NamedTuple):
    """What became of a message. attempts: that failed."""

    outcome: str
    attempts: int = 0


OTHER, REPEATED, SENT, GAVE_UP, GONE, LEFT = "other", "repeated", "sent", "gave_up", "gone", "left"
"""Not for this hook; sent before; taken; not taken for too long, and passed over; the hook wants no more; no longer ours to bring."""


class Courier:
    """Brings messages to one hook. For one thread.

    wait: waits so many seconds and returns whether the message is still ours to bring. patience_seconds: after which a message that is
    not taken is passed over, so that one which a hook cannot take does not hold up all that come after it.
    """

    def __init__(
        self,
        hook: Hook,
        send: Sends,
        wait: Callable[[float], bool],
        patience_seconds: float,
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.hook = hook
        self._send, self._wait, self._patience = send, wait, patience_seconds
        self._clock, self._chance = clock, chance
        self._taken: OrderedDict[str, None] = OrderedDict()

    def bring(self, raw: bytes) -> Brought:
        """Send a message until it is taken."""
        try:
            head = _HEAD.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Brought(OTHER)
        if not self.hook.wants(head.type, head.store):
            return Brought(OTHER)
        if head.id in self._taken:
            return Brought(REPEATED)
        return self._insist(head.id, raw)

    def _insist(self, message_id: str, raw: bytes) -> Brought:
        began, attempts = self._clock(), 0
        while True:
            now = self._clock()
            outcome = outcome_of(self._send(self.hook.url, raw, headers_of(self.hook, message_id, int(now), raw)))
            if outcome is Outcome.TAKEN:
                self._remember(message_id)
                return Brought(SENT, attempts)
            if outcome is Outcome.GONE:
                return Brought(GONE, attempts)
            attempts += 1
            if now - began >= self._patience:
                return Brought(GAVE_UP, attempts)
            if not self._wait(wait_after(attempts, self._chance)):
                return Brought(LEFT, attempts)

    def _remember(self, message_id: str) -> None:
        self._taken[message_id] = None
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)
