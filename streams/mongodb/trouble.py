"""Turns errors of MongoDB's client into sentences that say what to set. No sentence contains any part of the password."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pymongo.errors import AutoReconnect, ConfigurationError, NetworkTimeout, OperationFailure, PyMongoError

from streams.contract.errors import ServerError, SettingsError
from streams.mongodb.client import unconnected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.contract.settings import MongoSettings

_AUTHENTICATION: Final = (18, 8000)
_UNAUTHORIZED: Final = 13
_LONGEST: Final = 160

_ENCODE: Final = (
    "write mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS, with : / ? # [ ] @ % in user and password percent-encoded (@ as %40, / as %2F)."
)
_UNREACHABLE: Final = (
    (r"certificate|ssl|tls", "the TLS connection failed", "check tls and tlsCAFile in MONGODB_URI and the server's certificate"),
    (
        r"name or service not known|nodename nor servname|no address associated|name resolution|getaddrinfo|dns",
        "its host name cannot be resolved",
        "check the host in MONGODB_URI",
    ),
    (r"refused", "it refuses the connection", "check host and port in MONGODB_URI and that MongoDB runs"),
    (r"timed out|timeout", "it did not answer in time", "check host and port in MONGODB_URI and that MongoDB runs and is not overloaded"),
)


@contextmanager
def speaking(shown: str) -> Iterator[None]:
    """Turn what pymongo raises into a ServerError with a sentence. shown: where MongoDB is, without user and password."""
    try:
        yield
    except PyMongoError as error:
        raise mongo_error(shown, error) from error


def mongo_error(shown: str, error: PyMongoError) -> ServerError:
    """The error to raise for one from pymongo. shown: the address of MongoDB without user and password."""
    cause, advice = mongo_cause(error)
    return ServerError(f"MongoDB at {shown} cannot be used ({cause}): {advice}.")


def mongo_cause(error: PyMongoError) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    text = str(error).split("\n", 1)[0]
    if isinstance(error, OperationFailure):
        return _refused(error, text)
    if isinstance(error, ConfigurationError) and "auth" in text.lower():
        return "it refuses the login", "check user, password and authSource in MONGODB_URI"
    if isinstance(error, AutoReconnect | NetworkTimeout | ConfigurationError):
        for pattern, cause, advice in _UNREACHABLE:
            if re.search(pattern, text, re.IGNORECASE):
                return cause, advice
        return "it cannot be reached", "check host and port in MONGODB_URI and that MongoDB runs"
    return _short(text), "see MongoDB's log"


def check_uri(mongo: MongoSettings) -> None:
    """Let pymongo parse the URI without connecting. Raises SettingsError that says what to write, without any secret."""
    uri = mongo.uri.reveal()
    if "@" in uri.partition("://")[2].partition("/")[2].partition("?")[0]:  # taken for a database name, it would hide the true host
        raise SettingsError(f"MONGODB_URI cannot be used (there is a / before the @): {_ENCODE}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an option that cannot be read is only warned of, and then left out
            client = unconnected(uri)
        try:
            _ = client[mongo.database]
        finally:
            client.close()
    except OSError as error:
        why = error.strerror or "it is not a PEM file"
        raise SettingsError(f"MONGODB_URI names a file that cannot be read ({why}): check tlsCAFile and tlsCertificateKeyFile.") from None
    except (PyMongoError, ValueError, TypeError, UserWarning) as error:
        raise SettingsError(f"MONGODB_URI cannot be used{_told(str(error), uri)}: {_ENCODE}") from None


def _refused(error: OperationFailure, text: str) -> tuple[str, str]:
    if error.code in _AUTHENTICATION or "authentication failed" in text.lower():
        return "it refuses the login", "check user, password and authSource in MONGODB_URI"
    if error.code == _UNAUTHORIZED and "requires authentication" in text.lower():
        return "it asks for a login", "set user and password in MONGODB_URI, as in mongodb://USER:PASSWORD@HOST:PORT"
    if error.code == _UNAUTHORIZED or "not authorized" in text.lower():
        return "the user may not do this", "give the user of MONGODB_URI the role readWrite on the database MONGODB_DATABASE"
    return _short(text), "see MongoDB's log"


def _told(text: str, uri: str) -> str:
    """What pymongo says, unless it repeats part of the user name or the password."""
    secret = uri.partition("://")[2].rpartition("@")[0]
    parts = [part for part in re.split(r"[:/?#@,]", secret) if part]
    text = text.split("\n", 1)[0].split(", use urllib", 1)[0].split(" Refer to", 1)[0].rstrip(".")
    return "" if any(part in text for part in parts) else f" ({_short(text)})"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
