"""Sends one message to one hook: signed after Standard Webhooks, and what its answer means."""

import base64
import hashlib
import hmac
import http.client
import ssl
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol
from urllib.parse import urlsplit

from consumers.webhooks.hooks import Hook

ANSWER_SECONDS: Final = 15.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 300.0


class Outcome(Enum):
    """What became of an attempt."""

    TAKEN = "taken"
    """The hook has it."""
    FAILED = "failed"
    """It may be tried again."""
    GONE = "gone"
    """The hook wants nothing any more."""


class Sends(Protocol):
    """Posts a body with headers and returns the status of the answer; 0: there was none."""

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Post it."""
        ...


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over id, time and body, as `v1,BASE64`. A receiver makes the same and compares in constant time."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def headers_of(hook: Hook, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of an attempt. The id is the same in every attempt and after any crash, so a receiver that has it drops the message."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "shelfcast-webhooks",
        "Idempotency-Key": message_id,
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signature(hook.key, message_id, timestamp, body),
    }


def outcome_of(status: int) -> Outcome:
    """What a status means: 2xx is taken; 409 says that the id was seen before; 410 that the hook is gone; redirects are not followed."""
    if 200 <= status < 300 or status == 409:
        return Outcome.TAKEN
    return Outcome.GONE if status == 410 else Outcome.FAILED


def wait_after(attempt: int, chance: Callable[[], float]) -> float:
    """Seconds to wait after an attempt, counted from 1: doubling up to five minutes, of which chance takes up to half away."""
    longest: float = min(FIRST_WAIT_SECONDS * 2.0 ** min(attempt - 1, 30), LONGEST_WAIT_SECONDS)
    return longest * (0.5 + 0.5 * chance())


class Connection:
    """Posts to one hook over a connection that is kept. For one thread."""

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()
        self._held: http.client.HTTPConnection | None = None

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; 0: there was none."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            if self._held is None:
                self._held = self._opened(parts.scheme, parts.hostname or "", parts.port)
            self._held.request("POST", target, body, headers)
            answer = self._held.getresponse()
            answer.read(65_536)
            if answer.will_close or not answer.isclosed():
                self.close()
        except (OSError, http.client.HTTPException):
            self.close()
            return 0
        return answer.status

    def close(self) -> None:
        """Close the connection."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _opened(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=ANSWER_SECONDS, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
