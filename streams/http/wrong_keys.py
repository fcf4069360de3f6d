"""How many wrong keys an address may show."""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from streams.http.access import RefusedError

_REMEMBERED: Final = 10_000


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the /64 that one household or server gets whole."""
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
    """What an address has shown. left: wrong keys it may show still; at: when that was so; right: owners of right keys."""

    left: float
    at: float
    right: set[str] = field(default_factory=set)


class WrongKeys:
    """Shuts out an address that shows too many wrong keys; the longest unseen are forgotten beyond 10,000.

    Once shut out, a right key helps only where it was shown from that address before: the next guess may be right, but
    the tills behind the same router go on.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = per_minute, clock
        self._addresses: OrderedDict[str, _Shown] = OrderedDict()

    def check(self, address: str, owner: str | None) -> None:
        """A key was shown; owner: whose it is, None for a wrong one. Raises RefusedError 429."""
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
        if seen.left < 1:
            wait = math.ceil((1 - seen.left) * 60 / self._most)
            raise RefusedError(429, f"Too many wrong API keys came from this address: try again in {wait} s.", wait)
        if owner is None:
            seen.left -= 1
        else:
            seen.right.add(owner)
