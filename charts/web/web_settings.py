"""Settings of the web page."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, Secret, setting
from streams.http.access import check_keys, keys_of
from streams.http.address import Address


@dataclass(frozen=True, slots=True)
class WebSettings(FromEnvironment):
    """Where the web page listens, and whom it lets in."""

    host: str = setting("SHELFCAST_WEB_HOST", "Address the web page listens on.", "127.0.0.1")
    port: int = setting("SHELFCAST_WEB_PORT", "Port the web page listens on; 0 takes a free one.", 8081, low=0, high=65_535)
    api_keys: Secret = setting(
        "SHELFCAST_API_KEYS", "Keys that let readers in, separated by commas; only on loopback may there be none.", Secret()
    )
    wrong_keys_per_minute: int = setting(
        "SHELFCAST_WRONG_KEYS_PER_MINUTE", "Wrong keys one address may show a minute before it is shut out.", 10, low=1, high=10_000
    )
    rate_per_second: float = setting(
        "SHELFCAST_RATE_PER_SECOND", "Requests a second of one key or address; 0: no limit.", 200.0, low=0, high=1e6
    )
    rate_burst: int = setting("SHELFCAST_RATE_BURST", "Requests one key or address may make at once.", 400, low=1, high=1_000_000)
    streams: int = setting("SHELFCAST_MAX_STREAMS", "Most streams of live events at once.", 64, low=1, high=10_000)
    streams_of_one: int = setting("SHELFCAST_STREAMS_PER_CLIENT", "Most of them for one key or address.", 8, low=1, high=10_000)
    chart_seconds: float = setting(
        "SHELFCAST_CHART_SECONDS", "How long a chart is served again before it is drawn anew.", 10.0, low=0, high=3600
    )

    def __post_init__(self) -> None:
        check_keys(self.keys, self.host, "SHELFCAST_WEB_HOST")

    @property
    def keys(self) -> tuple[str, ...]:
        """The API keys."""
        return keys_of(self.api_keys)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(self.host, self.port, "The web page", "SHELFCAST_WEB_PORT")
