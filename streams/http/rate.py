"""Limits how often a key or an address may send requests."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streams.http.access import RefusedError

_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """A token bucket for each key or address; of more than 10,000, those unseen for longest are forgotten."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = per_second, float(burst), clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, who: str) -> int | None:
        """Count a request; returns how many more may come at once, None: without a limit. Raises RefusedError 429."""
        if not self._rate:
            return None
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
        return int(bucket.tokens)

    def headers(self, left: int | None) -> dict[str, str]:
        """What to tell a client of its limit: the bucket's size, the seconds in which it fills, and what is left in it."""
        if left is None:
            return {}
        fills = math.ceil(self._burst / self._rate)
        return {"RateLimit-Policy": f'"default";q={self._burst:.0f};w={fills}', "RateLimit": f'"default";r={left};t={fills}'}
