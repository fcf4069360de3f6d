"""Settings that limit what one client may take from an HTTP server."""

import ipaddress
from dataclasses import dataclass

from streams.contract.errors import SettingsError
from streams.contract.settings import FromEnvironment, setting


@dataclass(frozen=True, slots=True)
class Bounds(FromEnvironment):
    """How long a client may take, how many connections are allowed, and which proxies are trusted."""

    header_seconds: float = setting(
        "SHELFCAST_HEADER_SECONDS", "How long a connection may take to send the head of a request.", 10.0, low=0.5, high=120
    )
    keep_alive_seconds: int = setting(
        "SHELFCAST_KEEP_ALIVE_SECONDS", "How long a connection may be quiet between two requests.", 30, low=1, high=600
    )
    write_seconds: float = setting("SHELFCAST_WRITE_SECONDS", "How long a client may leave its answer unread.", 30.0, low=1, high=600)
    connections: int = setting("SHELFCAST_MAX_CONNECTIONS", "Most connections of one server at once.", 512, low=8, high=65_536)
    per_address: int = setting(
        "SHELFCAST_CONNECTIONS_PER_ADDRESS",
        "Most connections of one address at once; a trusted proxy may use all.",
        128,
        low=1,
        high=65_536,
    )
    trusted_proxies: str = setting(
        "SHELFCAST_TRUSTED_PROXIES",
        "Addresses or networks of proxies, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are trusted.",
        "",
    )

    def __post_init__(self) -> None:
        for proxy in self.proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                raise SettingsError(
                    f"SHELFCAST_TRUSTED_PROXIES has {proxy!r}: set addresses or networks, as in 10.0.0.7,172.16.0.0/12."
                ) from None

    @property
    def proxies(self) -> list[str]:
        """The trusted proxies."""
        return [proxy.strip() for proxy in self.trusted_proxies.split(",") if proxy.strip()]

    def is_proxy(self, address: str) -> bool:
        """Whether an address is that of a trusted proxy."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in ipaddress.ip_network(proxy) for proxy in self.proxies)
