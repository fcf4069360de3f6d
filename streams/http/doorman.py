"""Decides which connections a server keeps and which it turns away."""

from collections import Counter as Tally
from collections import OrderedDict
from typing import Final, Literal, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from streams.http.bounds import Bounds
from streams.http.wrong_keys import network_of

RESERVE: Final = 32
"""Connections beyond the bounds that may still ask what a health probe asks."""

Reason = Literal["address", "all", "slow_head", "slow_read", "two_lengths"]


class ConnectionMetrics:
    """A server's metrics about its connections; `server` is part of their names."""

    def __init__(self, registry: CollectorRegistry, server: Literal["gateway", "web", "third_month"]) -> None:
        self.open = Gauge(f"shelfcast_{server}_connections", "Open connections.", registry=registry)
        self.refused = Counter(
            f"shelfcast_{server}_connections_refused",
            "Connections turned away: beyond the bound of one address or of all, slow to send a head, slow to read, a body of two lengths.",
            ["reason"],
            registry=registry,
        )


class Abortable(Protocol):
    """A connection that can be closed by force."""

    def abort(self) -> None:
        """Close it at once."""
        ...


class Doorman:
    """Counts the connections of one server by address.

    A connection beyond the bounds goes into the reserve, where only probes are answered. When the reserve is full, the connection that has
    waited longest is closed. So a probe, which asks at once, gets its answer however many connections are silent.
    """

    def __init__(self, bounds: Bounds, metrics: ConnectionMetrics) -> None:
        self.bounds = bounds
        self._metrics = metrics
        self._held: dict[Abortable, str] = {}
        self._by_address: Tally[str] = Tally()
        self._reserve: OrderedDict[Abortable, None] = OrderedDict()

    def enter(self, connection: Abortable, address: str) -> Reason | None:
        """Note a new connection; returns the bound that it exceeds, if any, and then puts it into the reserve."""
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
        """Note that a connection has ended."""
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
