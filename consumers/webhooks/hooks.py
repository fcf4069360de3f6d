"""The hooks that a TOML file names: where to send what, and the secret to sign it with."""

import base64
import binascii
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from msgspec.structs import StructConfig

from streams.contract.errors import SettingsError
from streams.contract.loopback import is_loopback
from streams.contract.messages import OutputMessage
from streams.contract.settings import Secret

MOST_HOOKS: Final = 50
LEAST_SECRET_BYTES: Final = 24
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FIELDS: Final = {"name", "url", "secret_env", "types", "stores"}


def _tag(message: Any) -> str:
    config: StructConfig = message.__struct_config__
    return str(config.tag)


TYPES: Final = tuple(_tag(message) for message in get_args(OutputMessage))


@dataclass(frozen=True, slots=True)
class Hook:
    """Messages of some types, of some stores or of all, for one address. name: also names its consumer group."""

    name: str
    url: str
    secret: Secret
    types: frozenset[str]
    stores: frozenset[str] | None = None

    def wants(self, kind: str, store: str | None) -> bool:
        """Whether a message is for it."""
        return kind in self.types and (self.stores is None or store in self.stores)

    @property
    def key(self) -> bytes:
        """The bytes that sign."""
        return key_of(self.secret.reveal())


def key_of(secret: str) -> bytes:
    """The bytes of a secret: what follows `whsec_` in Base64, as Standard Webhooks writes them, else its text."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return b""


def read_hooks(file: Path, environ: Mapping[str, str] | None = None) -> list[Hook]:
    """The hooks of a file. Raises SettingsError with a sentence that says what to write."""
    environ = os.environ if environ is None else environ
    try:
        told = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    rows = told.get("webhook")
    if set(told) != {"webhook"} or not isinstance(rows, list) or not 1 <= len(rows) <= MOST_HOOKS:
        raise SettingsError(f"{file}: write 1 to {MOST_HOOKS} tables [[webhook]], and nothing beside them.")
    hooks = [_hook(file, row, environ) for row in rows]
    names = [hook.name for hook in hooks]
    if len(set(names)) < len(names):
        raise SettingsError(f"{file}: two webhooks have the same name; give each its own.")
    return hooks


def _hook(file: Path, row: Any, environ: Mapping[str, str]) -> Hook:
    if not isinstance(row, dict) or not {"name", "url", "secret_env", "types"} <= set(row) <= _FIELDS:
        raise SettingsError(f"{file}: a webhook has name, url, secret_env, types and, where not all are meant, stores.")
    name = row["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(f"{file}: a webhook's name has 1 to 40 small letters, digits and hyphens.")
    types, stores = _texts(row["types"]), _texts(row.get("stores", ["*"]))
    if not types or not types <= set(TYPES):
        raise SettingsError(f"{file}, webhook {name}: types is a list of {', '.join(TYPES)}.")
    if not stores:
        raise SettingsError(f"{file}, webhook {name}: stores is a list of names; leave it out for all of them.")
    secret = environ.get(str(row["secret_env"]), "")
    if len(key_of(secret)) < LEAST_SECRET_BYTES:
        raise SettingsError(
            f"{file}, webhook {name}: set the variable {row['secret_env']} to a secret of {LEAST_SECRET_BYTES} bytes or more "
            "(`openssl rand -hex 24` makes one)."
        )
    return Hook(name, _url(file, name, row["url"]), Secret(secret), frozenset(types), frozenset(stores) if "stores" in row else None)


def _texts(value: Any) -> set[str]:
    """A list of texts as a set; empty where it is none."""
    return set(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else set()


def _url(file: Path, name: str, url: Any) -> str:
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not secure or not parts.hostname or "@" in parts.netloc:
        raise SettingsError(f"{file}, webhook {name}: url is https://HOST/PATH without user and password; http only for this machine.")
    return str(url)
