"""The servers a command works with: those named in the environment, else the embedded ones of the data directory."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from typing import Final

from deploy.embedded import stack as embedded
from streams.contract.errors import SettingsError
from streams.contract.settings import IN_FILE, KafkaSettings, MongoSettings, Secret

DEFAULT_DATA_DIR: Final = Path(".shelfcast")

_KAFKA: Final = "KAFKA_BOOTSTRAP_SERVERS"
_MONGODB: Final = "MONGODB_URI"

_stacks: dict[Path, embedded.Stack] = {}


def servers(data_dir: Path | None = None) -> tuple[KafkaSettings, MongoSettings]:
    """Both servers: named by KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI; if neither is set, the embedded ones.

    The first command that uses a data directory starts them, later commands join; they end with the command that started them.
    Raises SettingsError, ServerError.
    """
    named = [name for name in (_KAFKA, _MONGODB) if _is_named(name)]
    if len(named) == 1:
        other = _MONGODB if named[0] == _KAFKA else _KAFKA
        raise SettingsError(f"{named[0]} is set and {other} is not: set both, or neither for the embedded servers.")
    return kafka_of(data_dir), mongo_of(data_dir)


def kafka_of(data_dir: Path | None = None) -> KafkaSettings:
    """Kafka alone, for what needs no MongoDB. Raises SettingsError, ServerError."""
    if _is_named(_KAFKA):
        return KafkaSettings.read()
    if _is_named(_MONGODB):
        raise SettingsError(f"{_MONGODB} is set and {_KAFKA} is not: set {_KAFKA}, or neither for the embedded servers.")
    return KafkaSettings.read(bootstrap_servers=embedded_addresses(data_dir or DEFAULT_DATA_DIR).kafka)


def mongo_of(data_dir: Path | None = None) -> MongoSettings:
    """MongoDB alone, for what needs no Kafka. Raises SettingsError, ServerError."""
    if _is_named(_MONGODB):
        return _checked(MongoSettings.read())
    if _is_named(_KAFKA):
        raise SettingsError(f"{_KAFKA} is set and {_MONGODB} is not: set {_MONGODB}, or neither for the embedded servers.")
    return MongoSettings.read(uri=Secret(embedded_addresses(data_dir or DEFAULT_DATA_DIR).mongo))


def _is_named(variable: str) -> bool:
    return bool(os.environ.get(variable) or (variable == _MONGODB and os.environ.get(variable + IN_FILE)))


def _checked(mongo: MongoSettings) -> MongoSettings:
    from streams.mongodb.trouble import check_uri  # noqa: PLC0415 - loads pymongo, which most commands need only here

    check_uri(mongo)
    return mongo


def embedded_log_id(data_dir: Path | None = None) -> str | None:
    """Identity of the embedded log, new with each start of the servers; None if real servers are named."""
    if _is_named(_KAFKA):
        return os.environ.get("SHELFCAST_LOG_ID") or None
    return embedded_addresses(data_dir or DEFAULT_DATA_DIR).log_id


def embedded_addresses(data_dir: Path) -> embedded.Addresses:
    """The embedded servers of a directory, started if they are not running."""
    running = _stacks.get(data_dir)
    if running is not None:
        return running.addresses
    found = embedded.join(data_dir)
    if found is not None:
        return found
    stack = _stacks[data_dir] = embedded.start(data_dir)
    atexit.register(stack.stop)
    return stack.addresses
