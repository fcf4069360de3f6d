"""The servers a command works with: those named in the environment, else the embedded ones of the data directory."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from typing import Final

from deploy.embedded import stack as embedded
from streams.contract.errors import SettingsError
from streams.contract.settings import KafkaSettings, MongoSettings, Secret

DEFAULT_DATA_DIR: Final = Path(".shelfcast")

_stacks: dict[Path, embedded.Stack] = {}


def servers(data_dir: Path | None = None) -> tuple[KafkaSettings, MongoSettings]:
    """The servers named by KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI; if neither is set, the embedded ones.

    The first command that uses a data directory starts them, later commands join; they end with the command that started them.
    Raises SettingsError, ServerError.
    """
    named = [name for name in ("KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI") if os.environ.get(name)]
    if len(named) == 1:
        other = "MONGODB_URI" if named[0].startswith("KAFKA") else "KAFKA_BOOTSTRAP_SERVERS"
        raise SettingsError(f"{named[0]} is set and {other} is not: set both, or neither for the embedded servers.")
    if named:
        return KafkaSettings.read(), _checked(MongoSettings.read())
    addresses = embedded_addresses(data_dir or DEFAULT_DATA_DIR)
    return (
        KafkaSettings.read(bootstrap_servers=addresses.kafka),
        MongoSettings.read(uri=Secret(addresses.mongo)),
    )


def _checked(mongo: MongoSettings) -> MongoSettings:
    from streams.mongodb.trouble import check_uri  # noqa: PLC0415 - loads pymongo, which most commands need only here

    check_uri(mongo)
    return mongo


def embedded_log_id(data_dir: Path | None = None) -> str | None:
    """Identity of the embedded log, new with each start of the servers; None if real servers are named."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
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
