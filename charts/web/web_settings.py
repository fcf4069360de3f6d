"""Settings of the web page."""

from dataclasses import dataclass
from pathlib import Path

from charts.web.pages.clock import clock_of
from streams.contract.settings import FromEnvironment, Secret, setting
from streams.http.access import Keyring, check_keys, keys_of
from streams.http.address import Address
from streams.http.key_book import KeyBook


@dataclass(frozen=True, slots=True)
class WebSettings(FromEnvironment):
    """Where the web page listens, and whom it lets in."""

    host: str = setting("SHELFCAST_WEB_HOST", "Address the web page listens on.", "127.0.0.1")
    port: int = setting("SHELFCAST_WEB_PORT", "Port the web page listens on; 0 takes a free one.", 8081, low=0, high=65_535)
    api_keys: Secret = setting(
        "SHELFCAST_API_KEYS", "Keys that let readers in, separated by commas; only on loopback may there be none.", Secret()
    )
    key_book: str = setting("SHELFCAST_KEY_BOOK", "File of named keys with scopes and stores, as `shelfcast keys` writes it.", "")
    wrong_keys_per_minute: int = setting(
        "SHELFCAST_WRONG_KEYS_PER_MINUTE", "Wrong keys one address may show a minute before it is shut out.", 10, low=1, high=10_000
    )
    rate_per_second: float = setting(
        "SHELFCAST_RATE_PER_SECOND", "Requests a second of one key or address; 0: no limit.", 200.0, low=0, high=1e6
    )
    rate_burst: int = setting("SHELFCAST_RATE_BURST", "Requests one key or address may make at once.", 400, low=1, high=1_000_000)
    streams: int = setting("SHELFCAST_MAX_STREAMS", "Most streams of live events at once.", 64, low=1, high=10_000)
    streams_of_one: int = setting("SHELFCAST_STREAMS_PER_CLIENT", "Most of them for one key or address.", 8, low=1, high=10_000)
    login: bool = setting(
        "SHELFCAST_WEB_LOGIN", "Whether people log in to the page with name and password, as `shelfcast users` makes them.", False
    )
    session_hours: float = setting("SHELFCAST_SESSION_HOURS", "Hours until a person has to log in again.", 12.0, low=0.1, high=720)
    chart_seconds: float = setting(
        "SHELFCAST_CHART_SECONDS", "How long a chart is served again before it is drawn anew.", 10.0, low=0, high=3600
    )
    clock: str = setting(
        "SHELFCAST_WEB_CLOCK", "The time in the shops while a day is replayed, as `shelfcast demo` sets it; empty: this machine's.", ""
    )

    def __post_init__(self) -> None:
        clock_of(self.clock)
        check_keys(self.keys, self.host, "SHELFCAST_WEB_HOST", others=bool(self.key_book) or self.login)

    @property
    def keys(self) -> tuple[str, ...]:
        """The API keys."""
        return keys_of(self.api_keys)

    def keyring(self) -> Keyring:
        """Whom the page lets in. Raises SettingsError if the file of named keys cannot be used."""
        return Keyring(self.keys, (), KeyBook(Path(self.key_book)) if self.key_book else None, required=self.login)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(self.host, self.port, "The web page", "SHELFCAST_WEB_PORT")
