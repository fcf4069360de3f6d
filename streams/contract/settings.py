"""Settings: frozen classes that are read from the environment once and checked at start; secrets are masked wherever they show."""

import math
import os
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from streams.contract.certificates import check_files
from streams.contract.errors import SettingsError
from streams.contract.loopback import is_loopback

_MOST_DATABASE_BYTES: Final = 63
_MOST_SECRET_BYTES: Final = 65_536

IN_FILE: Final = "_FILE"
"""A secret's variable with this appended names a file that holds it, as Docker and Kubernetes mount them."""

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


class Secret(str):
    """Text that prints as stars; `reveal()` returns it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"

    def __str__(self) -> str:
        return "***" if self else ""

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return str.__str__(self)


def setting(env: str, meaning: str, default: Any = MISSING, *, low: float | None = None, high: float | None = None) -> Any:
    """A field read from the environment variable `env`."""
    metadata = {"env": env, "meaning": meaning, "low": low, "high": high}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


class FromEnvironment:
    """Base of the settings classes."""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Read settings from the environment; `overrides` (command-line options that are not None) take precedence.

        Raises SettingsError with a sentence that says what to set.
        """
        environ = os.environ if environ is None else environ
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for f in fields(cls):  # type: ignore[arg-type]
            if overrides.get(f.name) is not None:
                values[f.name] = _checked(f.name, overrides[f.name], f.metadata)
            elif (text := text_of(f.metadata["env"], environ, secret=hints[f.name] is Secret)) != "":
                values[f.name] = _checked(f.metadata["env"], _parse(text, hints[f.name], f.metadata), f.metadata)
            elif f.default is MISSING:
                raise SettingsError(f"Set {f.metadata['env']}: {f.metadata['meaning']}")
        return cls(**values)


def text_of(variable: str, environ: Mapping[str, str], *, secret: bool) -> str:
    """What a variable says; empty if it is not set. A secret may stand in a file, which VARIABLE_FILE names.

    Raises SettingsError.
    """
    text = environ.get(variable, "")
    file = environ.get(variable + IN_FILE, "") if secret else ""
    if not file:
        return text
    if text:
        raise SettingsError(f"{variable} and {variable}{IN_FILE} are set: set one of them.")
    try:
        # Editors and `echo` end a file with a new line, which no secret here can hold.
        found = Path(file).read_bytes()[: _MOST_SECRET_BYTES + 1].decode().rstrip("\r\n")
    except OSError as error:
        raise SettingsError(
            f"{variable}{IN_FILE}={file!r} cannot be read ({error.strerror}): name a file that this user may read."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{variable}{IN_FILE}={file!r} is not text: name a file that holds the secret in one line.") from None
    if not found or len(found) > _MOST_SECRET_BYTES or not found.isprintable():
        raise SettingsError(f"{variable}{IN_FILE}={file!r} does not hold one line: name a file that holds the secret in one line.")
    return found


def _parse(text: str, kind: Any, about: Mapping[str, Any]) -> Any:
    env = about["env"]
    if get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(k for k in get_args(kind) if k is not type(None))
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise SettingsError(f"{env}={text!r}: set one of {', '.join(map(str, get_args(kind)))}.")
        return text
    if kind is bool:
        if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise SettingsError(f"{env}={text!r}: set true or false.")
        return text.lower() in ("true", "1", "yes")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise SettingsError(f"{env}={text!r}: set a {'whole ' if kind is int else ''}number. {about['meaning']}") from None
    return kind(text)


def _checked(name: str, value: Any, about: Mapping[str, Any]) -> Any:
    low, high = about["low"], about["high"]
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingsError(f"{name}={value}: set a number. {about['meaning']}")
    if (low is not None and value < low) or (high is not None and value > high):
        raise SettingsError(f"{name}={value}: set a number from {low} to {high}. {about['meaning']}")
    return value


@dataclass(frozen=True, slots=True)
class KafkaSettings(FromEnvironment):
    """How to reach Kafka."""

    bootstrap_servers: str = setting("KAFKA_BOOTSTRAP_SERVERS", "Kafka brokers, host:port, separated by commas.")
    security_protocol: SecurityProtocol = setting("KAFKA_SECURITY_PROTOCOL", "How to talk to Kafka.", "PLAINTEXT")
    sasl_mechanism: SaslMechanism = setting("KAFKA_SASL_MECHANISM", "How to log in to Kafka.", "SCRAM-SHA-256")
    username: str = setting("KAFKA_USERNAME", "User name at Kafka; with OAUTHBEARER the client's id at the token server.", "")
    password: Secret = setting("KAFKA_PASSWORD", "Password at Kafka; with OAUTHBEARER the client's secret.", Secret())
    ca_file: str = setting("KAFKA_CA_FILE", "PEM file of the authority that signed Kafka's certificate.", "")
    certificate_file: str = setting(
        "KAFKA_CERTIFICATE_FILE", "PEM file of our own certificate and its chain, where Kafka asks for one.", ""
    )
    key_file: str = setting("KAFKA_KEY_FILE", "PEM file of our certificate's private key.", "")
    key_password: Secret = setting("KAFKA_KEY_PASSWORD", "Password of the private key; empty: it has none.", Secret())
    token_url: str = setting(
        "KAFKA_TOKEN_URL", "Where OAUTHBEARER's tokens are had, by client credentials, as in https://id.example/token.", ""
    )
    token_scope: str = setting("KAFKA_TOKEN_SCOPE", "Scope to ask a token for; empty: the token server's default.", "")

    def __post_init__(self) -> None:
        for host, port in map(_host_and_port, self.bootstrap_servers.split(",")):
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise SettingsError(f"KAFKA_BOOTSTRAP_SERVERS={self.bootstrap_servers!r}: set host:port, as in localhost:9092.")
        self._check_login()
        self._check_token_url()
        if self.encrypted:
            check_files(self.ca_file, self.certificate_file, self.key_file, self.key_password.reveal())
            return
        for variable, value in (
            ("KAFKA_CA_FILE", self.ca_file),
            ("KAFKA_CERTIFICATE_FILE", self.certificate_file),
            ("KAFKA_KEY_FILE", self.key_file),
            ("KAFKA_KEY_PASSWORD", self.key_password),
        ):
            if value:
                raise SettingsError(f"{variable} is set: set KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL so that it is used.")

    @property
    def encrypted(self) -> bool:
        """Whether nobody between us and Kafka can read along."""
        return self.security_protocol.endswith("SSL")

    def _check_login(self) -> None:
        sasl = self.security_protocol.startswith("SASL")
        if sasl and not (self.username and self.password):
            raise SettingsError(f"KAFKA_SECURITY_PROTOCOL={self.security_protocol}: set KAFKA_USERNAME and KAFKA_PASSWORD too.")
        if not sasl and (self.username or self.password):
            raise SettingsError("KAFKA_USERNAME or KAFKA_PASSWORD is set: set KAFKA_SECURITY_PROTOCOL=SASL_SSL so that they are used.")
        local = all(is_loopback(_host_and_port(server)[0]) for server in self.bootstrap_servers.split(","))
        if sasl and not self.encrypted and not local and self.sasl_mechanism in ("PLAIN", "OAUTHBEARER"):
            raise SettingsError(
                f"KAFKA_SASL_MECHANISM={self.sasl_mechanism} would send the password or token readably: "
                "set KAFKA_SECURITY_PROTOCOL=SASL_SSL, or a SCRAM mechanism."
            )

    def _check_token_url(self) -> None:
        asked = self.security_protocol.startswith("SASL") and self.sasl_mechanism == "OAUTHBEARER"
        if not asked and (self.token_url or self.token_scope):
            raise SettingsError("KAFKA_TOKEN_URL or KAFKA_TOKEN_SCOPE is set: set KAFKA_SASL_MECHANISM=OAUTHBEARER so that it is used.")
        if not asked:
            return
        try:
            url = urlsplit(self.token_url)
            host = url.hostname or ""
        except ValueError:
            url, host = urlsplit(""), ""
        if not host or not (url.scheme == "https" or (url.scheme == "http" and is_loopback(host))):
            raise SettingsError(f"KAFKA_TOKEN_URL={self.token_url!r}: set the token server's address, as in https://id.example/token.")


def _host_and_port(server: str) -> tuple[str, str]:
    host, _, port = server.strip().rpartition(":")
    return host, port


@dataclass(frozen=True, slots=True)
class MongoSettings(FromEnvironment):
    """How to reach MongoDB."""

    uri: Secret = setting("MONGODB_URI", "MongoDB, as in mongodb://localhost:27017.")
    database: str = setting("MONGODB_DATABASE", "Name of the database.", "shelfcast")

    def __post_init__(self) -> None:
        if not self.uri.reveal().startswith(("mongodb://", "mongodb+srv://")):
            raise SettingsError("MONGODB_URI does not start with mongodb:// or mongodb+srv://, as in mongodb://localhost:27017.")
        wrong = sorted(set(self.database) & set('/\\. "$*<>:|?'))
        if wrong or not self.database.isprintable() or not 1 <= len(self.database.encode()) <= _MOST_DATABASE_BYTES:
            raise SettingsError(f"MONGODB_DATABASE={self.database!r}: set a name of 1 to 63 letters, digits, - and _, as in shelfcast.")

    @property
    def shown(self) -> str:
        """The address of MongoDB without user and password."""
        scheme, _, rest = self.uri.reveal().partition("://")
        # The last @ counts: a password may hold @, / and ?.
        hosts = re.split(r"[/?#]", rest.rpartition("@")[2], maxsplit=1)[0]
        return f"{scheme}://{hosts}/{self.database}"


@dataclass(frozen=True, slots=True)
class WorkerSettings(FromEnvironment):
    """Settings of the stream worker. Those marked * are part of the state: another value means that the state is rebuilt from the log."""

    group: str = setting("SHELFCAST_GROUP", "Consumer group of the workers.", "shelfcast-worker")
    timezone: str = setting("SHELFCAST_TIMEZONE", "* Time zone of the stores, as in Europe/Berlin.", "UTC")
    country: str = setting(
        "SHELFCAST_COUNTRY", "* Country of the stores, for public holidays: ISO 3166, as in DE or DE-NW; empty: none.", ""
    )
    store_countries: str = setting(
        "SHELFCAST_STORE_COUNTRIES",
        "CSV file of stores in other countries: columns store and country, as in 25,DE-NW. A store keeps the country it begins with.",
        "",
    )
    lateness_minutes: float = setting(
        "SHELFCAST_LATENESS_MINUTES", "* How late a sale may come and still change its day before the day closes.", 60.0, low=0, high=10080
    )
    dedupe_window: int = setting(
        "SHELFCAST_DEDUPE_WINDOW", "* Number of event ids that a partition remembers, to drop repeats.", 100_000, low=1000, high=10_000_000
    )
    nowcast_minutes: float = setting(
        "SHELFCAST_NOWCAST_MINUTES", "* Event minutes between two forecasts of today's total.", 60.0, low=1, high=1440
    )
    runs_out_probability: float = setting(
        "SHELFCAST_RUNS_OUT_PROBABILITY",
        "* Probability from which it is said that an item will be gone before closing.",
        0.7,
        low=0.05,
        high=1,
    )
    silence_probability: float = setting(
        "SHELFCAST_SILENCE_PROBABILITY",
        "* A silence of an item is reported if it would be less likely than this in a full shelf; 0: none is.",
        0.001,
        low=0,
        high=0.5,
    )
    forecast_parts: bool = setting(
        "SHELFCAST_FORECAST_PARTS", "Whether forecasts say what they are made of: weekday, season, promotion, trend and so on.", True
    )
    checkpoint_seconds: float = setting(
        "SHELFCAST_CHECKPOINT_SECONDS", "Longest time between two snapshots of a busy partition.", 10.0, low=0.2, high=3600
    )
    checkpoint_events: int = setting(
        "SHELFCAST_CHECKPOINT_EVENTS", "Events of a partition after which a snapshot is taken.", 50_000, low=100, high=10_000_000
    )
    stall_seconds: float = setting(
        "SHELFCAST_STALL_SECONDS", "Seconds of lag without progress after which the worker ends, to be restarted.", 60.0, low=5, high=3600
    )
    accept_truncated_log: bool = setting(
        "SHELFCAST_ACCEPT_TRUNCATED_LOG", "Continue even if retention has deleted events that were not processed.", False
    )
    metrics_host: str = setting(
        "SHELFCAST_METRICS_HOST",
        "Address of /metrics of worker and consumers. It needs no key: leave loopback only in a private network.",
        "127.0.0.1",
    )
    metrics_port: int = setting("SHELFCAST_WORKER_METRICS_PORT", "Port of the worker's /metrics; 0 serves none.", 9101, low=0, high=65535)

    def __post_init__(self) -> None:
        if self.timezone not in available_timezones():
            raise SettingsError(f"SHELFCAST_TIMEZONE={self.timezone!r}: set a name of the tz database, as in Europe/Berlin.")
        ZoneInfo(self.timezone)
