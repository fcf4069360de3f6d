"""Settings of the gateway."""

from dataclasses import dataclass
from pathlib import Path

from streams.contract.errors import SettingsError
from streams.contract.settings import FromEnvironment, Secret, setting
from streams.http.access import Keyring, check_keys, check_strength, keys_of
from streams.http.address import Address
from streams.http.key_book import KeyBook


@dataclass(frozen=True, slots=True)
class GatewaySettings(FromEnvironment):
    """Where the gateway listens, whom it lets in, and how much it takes at once."""

    host: str = setting("SHELFCAST_GATEWAY_HOST", "Address to listen on.", "127.0.0.1")
    port: int = setting("SHELFCAST_GATEWAY_PORT", "Port to listen on; 0 takes a free one.", 8080, low=0, high=65535)
    api_keys: Secret = setting(
        "SHELFCAST_API_KEYS", "Keys that let a till in, separated by commas; only on loopback may there be none.", Secret()
    )
    tick_keys: Secret = setting(
        "SHELFCAST_TICK_KEYS",
        "Keys that may post clock ticks, and nothing else unless they let a till in too, separated by commas.",
        Secret(),
    )
    key_book: str = setting("SHELFCAST_KEY_BOOK", "File of named keys with scopes and stores, as `shelfcast keys` writes it.", "")
    wrong_keys_per_minute: int = setting(
        "SHELFCAST_WRONG_KEYS_PER_MINUTE", "Wrong keys one address may show a minute before it is shut out.", 10, low=1, high=10_000
    )
    rate_per_second: float = setting(
        "SHELFCAST_RATE_PER_SECOND", "Requests a second of one key or address; 0: no limit.", 200.0, low=0, high=1e6
    )
    rate_burst: int = setting("SHELFCAST_RATE_BURST", "Requests one key or address may make at once.", 400, low=1, high=1_000_000)
    store_rate_per_second: float = setting(
        "SHELFCAST_STORE_RATE_PER_SECOND", "Requests a second with events of one store; 0: no limit.", 0.0, low=0, high=1e6
    )
    max_body_bytes: int = setting("SHELFCAST_MAX_BODY_BYTES", "Largest body of a request.", 4_194_304, low=1024, high=104_857_600)
    max_lines: int = setting("SHELFCAST_MAX_LINES", "Most lines in one request.", 20_000, low=1, high=1_000_000)
    max_depth: int = setting("SHELFCAST_MAX_JSON_DEPTH", "Deepest nesting of JSON in one line.", 16, low=2, high=100)
    acknowledge_seconds: float = setting(
        "SHELFCAST_ACKNOWLEDGE_SECONDS", "How long a request waits for Kafka before 503.", 10.0, low=0.1, high=300
    )
    read_seconds: float = setting("SHELFCAST_READ_SECONDS", "How long a body may take to arrive.", 30.0, low=1, high=600)
    tick_seconds: float = setting(
        "SHELFCAST_TICK_SECONDS",
        "Seconds between clock ticks of each live store, so that quiet days close; 0: none.",
        60.0,
        low=0,
        high=86400,
    )
    default_store: str = setting("SHELFCAST_DEFAULT_STORE", "Store of the lines at /add-data, which name none.", "shop")

    def __post_init__(self) -> None:
        check_keys(self.keys, self.host, "SHELFCAST_GATEWAY_HOST", others=bool(self.key_book))
        check_strength(self.ticking_keys, "SHELFCAST_TICK_KEYS")
        if self.ticking_keys and not self.keys and not self.key_book:
            raise SettingsError(
                "SHELFCAST_TICK_KEYS is set and SHELFCAST_API_KEYS is not: without them this machine may post ticks anyway."
            )
        if not 1 <= len(self.default_store) <= 64 or not self.default_store.isprintable():
            raise SettingsError(f"SHELFCAST_DEFAULT_STORE={self.default_store!r}: set a name of 1 to 64 printable characters.")

    @property
    def keys(self) -> tuple[str, ...]:
        """The API keys."""
        return keys_of(self.api_keys)

    @property
    def ticking_keys(self) -> tuple[str, ...]:
        """The keys that may post clock ticks."""
        return keys_of(self.tick_keys)

    def keyring(self) -> Keyring:
        """Whom the gateway lets in. Raises SettingsError if the file of named keys cannot be used."""
        return Keyring(self.keys, self.ticking_keys, KeyBook(Path(self.key_book)) if self.key_book else None)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(self.host, self.port, "The gateway", "SHELFCAST_GATEWAY_PORT")
