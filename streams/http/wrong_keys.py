"""Limits how many wrong keys an address may show."""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from streams.http.access import RefusedError

_REMEMBERED: Final = 10_000


def network_of(address: str) -> str:
    """What counts as one address: for IPv6 the whole /64, which belongs to one household or server."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found.packed[:8] + bytes(8), 64)))


@dataclass(slots=True)
class _Shown:
    """What an address has shown. left: wrong keys that it may still show. at: the time of that count. right: owners of right keys."""

    left: float
    at: float
    right: set[str] = field(default_factory=set)


class WrongKeys:
    """Shuts out an address that shows too many wrong keys; of more than 10,000 addresses, those unseen for longest are forgotten.

    Once an address is shut out, a right key helps only if it was shown from there before. So a lucky guess does not get in, while tills
    behind the same router keep working.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = per_minute, clock
        self._addresses: OrderedDict[str, _Shown] = OrderedDict()

    def check_open(self, address: str) -> None:
        """Raise RefusedError 429 if an address is shut out. Counts nothing."""
        seen = self._addresses.get(network_of(address))
        if seen is not None:
            self._check_left(min(self._most, seen.left + (self._clock() - seen.at) * self._most / 60))

    def check(self, address: str, owner: str | None) -> None:
        """Note that a key was shown; `owner` is None for a wrong one. Raises RefusedError 429."""
        place, now = network_of(address), self._clock()
        seen = self._addresses.get(place)
        if seen is None:
            seen = self._addresses[place] = _Shown(self._most, now)
            if len(self._addresses) > _REMEMBERED:
                self._addresses.popitem(last=False)
        else:
            self._addresses.move_to_end(place)
        if owner is not None and owner in seen.right:
            return
        seen.left = min(self._most, seen.left + (now - seen.at) * self._most / 60)
        seen.at = now
        self._check_left(seen.left)
        if owner is None:
            seen.left -= 1
        else:
            seen.right.add(owner)

    def _check_left(self, left: float) -> None:
        if left < 1:
            wait = math.ceil((1 - left) * 60 / self._most)
            raise RefusedError(429, f"Too many wrong keys or passwords came from this address: try again in {wait} s.", wait)
