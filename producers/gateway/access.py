"""Who may come in, and how often."""

import hashlib
import hmac
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_REMEMBERED: Final = 10_000


class RefusedError(Exception):
    """A request that is not let in: the HTTP status, a sentence, and after how many seconds to try again."""

    def __init__(self, status: int, sentence: str, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after = retry_after


class Keyring:
    """The API keys, compared in constant time and only by their hashes."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._hashes = [hashlib.sha256(key.encode()).digest() for key in keys]

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def owner(self, authorization: str, api_key: str) -> str | None:
        """A name for the key that was shown, None when it is none of ours.

        authorization, api_key: the headers `Authorization: Bearer KEY` and `X-API-Key: KEY`.
        """
        scheme, _, bearer = authorization.partition(" ")
        shown = api_key or (bearer.strip() if scheme.lower() == "bearer" else "")
        digest = hashlib.sha256(shown.encode("utf-8", "surrogateescape")).digest()
        # Every key is compared, so that the time tells nothing about which one was near.
        found = [hmac.compare_digest(digest, known) for known in self._hashes]
        return f"key:{found.index(True)}" if any(found) else None


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """A token bucket for each key or address; the longest unseen are forgotten beyond 10,000."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = per_second, float(burst), clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, who: str) -> None:
        """Count a request. Raises RefusedError 429."""
        if not self._rate:
            return
        now = self._clock()
        bucket = self._buckets.pop(who, None) or _Bucket(self._burst, now)
        self._buckets[who] = bucket
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.tokens < 1:
            wait = math.ceil((1 - bucket.tokens) / self._rate)
            raise RefusedError(
                429, f"More than {self._rate:g} requests a second: try again in {wait} s, or send more lines in one request.", wait
            )
        bucket.tokens -= 1
