"""Which connections a server holds, and which it turns away."""

from collections import Counter as Tally
from collections import OrderedDict
from typing import Final, Literal, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from streams.http.bounds import Bounds
from streams.http.wrong_keys import network_of

RESERVE: Final = 32
"""Connections beyond the bounds that may still ask for what a probe asks for."""

Reason = Literal["address", "all", "slow_head", "slow_read", "two_lengths"]


class ConnectionMetrics:
    """What a server tells Prometheus of its connections; `server` is part of the names."""

    def __init__(self, registry: CollectorRegistry, server: Literal["gateway", "web"]) -> None:
        self.open = Gauge(f"shelfcast_{server}_connections", "Open connections.", registry=registry)
        self.refused = Counter(
            f"shelfcast_{server}_connections_refused",
            "Connections turned away: beyond the bound of one address or of all, slow to send a head, slow to read, a body of two lengths.",
            ["reason"],
            registry=registry,
        )


class Abortable(Protocol):
    """A connection that can be cut."""

    def abort(self) -> None:
        """Close it at once."""
        ...


class Doorman:
    """Counts the connections of one server by address.

    Beyond the bounds a connection stands in the reserve: there only a probe is answered. When the reserve is full the one
    that has waited longest is cut, so a probe, which asks at once, is answered however many are silent.
    """

    def __init__(self, bounds: Bounds, metrics: ConnectionMetrics) -> None:
        self.bounds = bounds
        self._metrics = metrics
        self._held: dict[Abortable, str] = {}
        self._by_address: Tally[str] = Tally()
        self._reserve: OrderedDict[Abortable, None] = OrderedDict()

    def enter(self, connection: Abortable, address: str) -> Reason | None:
        """A connection is made. Which bound it is beyond, if any; it then stands in the reserve."""
        place = network_of(address)
        beyond: Reason | None = None
        if len(self._held) >= self.bounds.connections:
            beyond = "all"
        elif self._by_address[place] >= self.bounds.per_address and not self.bounds.is_proxy(address):
            beyond = "address"
        if beyond is None:
            self._held[connection] = place
            self._by_address[place] += 1
            self._metrics.open.set(len(self._held))
            return None
        self._reserve[connection] = None
        if len(self._reserve) > RESERVE:
            longest, _ = self._reserve.popitem(last=False)
            self.refused(beyond)
            longest.abort()
        return beyond

    def leave(self, connection: Abortable) -> None:
        """A connection is gone."""
        self._reserve.pop(connection, None)
        place = self._held.pop(connection, None)
        if place is not None:
            self._by_address[place] -= 1
            if not self._by_address[place]:
                del self._by_address[place]
            self._metrics.open.set(len(self._held))

    def refused(self, reason: Reason) -> None:
        """Count a connection that was turned away."""
        self._metrics.refused.labels(reason).inc()
