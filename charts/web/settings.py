"""Settings of the web page."""

import ipaddress
from dataclasses import dataclass
from typing import Final

from streams.contract.errors import SettingsError
from streams.contract.settings import FromEnvironment, Secret, setting

MIN_KEY_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class WebSettings(FromEnvironment):
    """Where the web page listens, and whom it lets in."""

    host: str = setting("SHELFCAST_WEB_HOST", "Address the web page listens on.", "127.0.0.1")
    port: int = setting("SHELFCAST_WEB_PORT", "Port the web page listens on; 0 takes a free one.", 8081, low=0, high=65_535)
    api_keys: Secret = setting(
        "SHELFCAST_API_KEYS", "Keys that let readers in, separated by commas; only on loopback may there be none.", Secret()
    )
    chart_seconds: float = setting(
        "SHELFCAST_CHART_SECONDS", "How long a chart is served again before it is drawn anew.", 10.0, low=0, high=3600
    )

    def __post_init__(self) -> None:
        if not self.keys and not is_loopback(self.host):
            raise SettingsError(
                f"SHELFCAST_WEB_HOST={self.host} can be reached from other machines: set SHELFCAST_API_KEYS to one or more keys "
                "separated by commas (`openssl rand -hex 24` makes one), or listen on 127.0.0.1."
            )
        if any(len(key) < MIN_KEY_LENGTH for key in self.keys):
            raise SettingsError(f"SHELFCAST_API_KEYS has a key of fewer than {MIN_KEY_LENGTH} characters: set longer ones.")

    @property
    def keys(self) -> tuple[str, ...]:
        """The API keys."""
        return tuple(key.strip() for key in self.api_keys.reveal().split(",") if key.strip())


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
