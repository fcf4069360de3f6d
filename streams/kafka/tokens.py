"""Tokens for OAUTHBEARER, had from a token server by client credentials (RFC 6749, section 4.4); the same for both client libraries."""

from __future__ import annotations

import base64
import functools
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from streams.contract.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.contract.settings import KafkaSettings

ASK_SECONDS: Final = 10.0
_MOST_BYTES: Final = 65_536
_USED_SHARE: Final = 0.8
"""A token is used for this share of its life, and then replaced."""


class Token(NamedTuple):
    """An access token. expires_at: epoch seconds."""

    value: str
    expires_at: float


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float = 300.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the client's secret to another place."""

    def redirect_request(self, *_: object) -> None:
        return None


class TokenSource:
    """Gives a valid token to any thread, and asks the token server only when the last one is nearly used up."""

    def __init__(self, kafka: KafkaSettings, clock: Callable[[], float] = time.time) -> None:
        self._kafka, self._clock = kafka, clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._replace_at = 0.0

    def token(self) -> Token:
        """A token that is valid now. Raises ServerError with a sentence that names the token server."""
        with self._lock:
            now = self._clock()
            if self._token is None or now >= self._replace_at:
                answer = self._ask()
                self._token = Token(answer.access_token, now + answer.expires_in)
                self._replace_at = now + answer.expires_in * _USED_SHARE
            return self._token

    def _ask(self) -> _Answer:
        kafka = self._kafka
        login = f"{quote(kafka.username, safe='')}:{quote(kafka.password.reveal(), safe='')}"
        form = {"grant_type": "client_credentials"} | ({"scope": kafka.token_scope} if kafka.token_scope else {})
        headers = {
            "Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        request = urllib.request.Request(kafka.token_url, urlencode(form).encode(), headers)  # noqa: S310  the settings allow http(s) only
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=ASK_SECONDS) as answer:
                found = msgspec.json.decode(answer.read(_MOST_BYTES), type=_Answer, strict=False)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (400, 401, 403):
                raise self._error("it refuses the client", "check KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_TOKEN_SCOPE") from None
            raise self._error(f"it answers {error.code}", "check KAFKA_TOKEN_URL") from None
        except (OSError, msgspec.MsgspecError, UnicodeError) as error:
            cause = "it cannot be reached" if isinstance(error, OSError) else "its answer is no token"
            raise self._error(cause, "check KAFKA_TOKEN_URL, and that the token server runs") from None
        if not found.access_token or not found.expires_in > 0:
            raise self._error("its answer is no token", "check KAFKA_TOKEN_URL")
        return found

    def _error(self, cause: str, advice: str) -> ServerError:
        return ServerError(f"The token server at {self._kafka.token_url} cannot be used ({cause}): {advice}.")


@functools.lru_cache(maxsize=8)
def token_source(kafka: KafkaSettings) -> TokenSource:
    """The one source of a process for these settings."""
    return TokenSource(kafka)


def uses_tokens(kafka: KafkaSettings) -> bool:
    """Whether Kafka is logged in to with tokens."""
    return kafka.security_protocol.startswith("SASL") and kafka.sasl_mechanism == "OAUTHBEARER"
