"""Turns errors of Kafka's client into sentences that say what to set.

If the broker refuses the login or the certificate, the operation that fails says only "transport failure" or "timed out"; the true cause
goes to `error_cb`. If no cause has come there, the broker is asked once, over a connection of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException

from streams.contract.errors import ServerError
from streams.kafka.clients import admin
from streams.kafka.handshake import tls_trouble

if TYPE_CHECKING:
    from confluent_kafka.admin._metadata import ClusterMetadata

    from streams.contract.settings import KafkaSettings

_LOGIN: Final = ("it refuses the login", "check KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_SASL_MECHANISM")
_TLS: Final = ("the TLS connection failed", "check KAFKA_CA_FILE and that KAFKA_SECURITY_PROTOCOL is that of the listener")
_AWAY: Final = ("no broker can be reached", "check KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL and that Kafka is running")
_SLOW: Final = ("it did not answer in time", "check KAFKA_BOOTSTRAP_SERVERS and that Kafka is running and not overloaded")
_NO_TOPIC: Final = (
    "a topic is missing, or the user may not see it",
    "run `shelfcast topics create`, or give the user the right to describe the topics",
)

CAUSES: Final[dict[str, tuple[str, str]]] = {
    "_AUTHENTICATION": _LOGIN,
    "SASL_AUTHENTICATION_FAILED": _LOGIN,
    "UNSUPPORTED_SASL_MECHANISM": ("it does not know KAFKA_SASL_MECHANISM", "set KAFKA_SASL_MECHANISM to one that the broker offers"),
    "_SSL": _TLS,
    "TOPIC_AUTHORIZATION_FAILED": (
        "the user may not use the topics",
        "give the user of KAFKA_USERNAME the rights to describe, read and write them (ACLs)",
    ),
    "GROUP_AUTHORIZATION_FAILED": (
        "the user may not use the consumer group",
        "give the user of KAFKA_USERNAME the right to read it (ACL on groups named shelfcast-)",
    ),
    "CLUSTER_AUTHORIZATION_FAILED": (
        "the user has no right for this on the cluster",
        "give the user of KAFKA_USERNAME the right (ACL), or let an administrator run the command",
    ),
    "_RESOLVE": ("a host name cannot be resolved", "check the hosts in KAFKA_BOOTSTRAP_SERVERS, and those that the brokers advertise"),
    "_ALL_BROKERS_DOWN": _AWAY,
    "_TRANSPORT": _AWAY,
    "_TIMED_OUT": _SLOW,
    "_TIMED_OUT_QUEUE": _SLOW,
    "_MSG_TIMED_OUT": _SLOW,
    "REQUEST_TIMED_OUT": _SLOW,
    "UNKNOWN_TOPIC_OR_PART": _NO_TOPIC,
    "_UNKNOWN_TOPIC": _NO_TOPIC,
    "_UNKNOWN_PARTITION": _NO_TOPIC,
}
"""Errors by the name that librdkafka gives them: what is wrong, and what to do about it."""

_TELLING: Final = frozenset(name for name, told in CAUSES.items() if told in (_LOGIN, _TLS)) | {"UNSUPPORTED_SASL_MECHANISM", "_RESOLVE"}
_VAGUE: Final = frozenset(name for name, told in CAUSES.items() if told in (_AWAY, _SLOW))
_FINAL: Final = _TELLING - {"_RESOLVE"}
"""What does not get better by waiting."""

_ASK_SECONDS: Final = 6.0
_SLICE_SECONDS: Final = 1.5


def cause_of(error: KafkaError, heard: Iterable[KafkaError] = ()) -> tuple[str, str]:
    """What is wrong, and what to do about it. heard: what `error_cb` was told."""
    telling = next((one for one in heard if one.name() in _TELLING), error)
    return CAUSES.get(telling.name(), (f"{telling.str()}, {telling.name()}", "run `shelfcast doctor` and see the broker's log"))


def sentence_of(error: KafkaError) -> str:
    """An error as a log says it: the cause, and what to do about it."""
    cause, advice = cause_of(error)
    return f"{cause}: {advice}"


def kafka_error(
    kafka: KafkaSettings, error: KafkaException | KafkaError, heard: Iterable[KafkaError] = (), *, ask: bool = True
) -> ServerError:
    """The error to raise for what Kafka's client raised. ask: ask the broker for the cause where nothing else says it."""
    first: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
    causes = list(heard)
    if ask and first.name() in _VAGUE and not any(one.name() in _TELLING for one in causes):
        causes += refusals(kafka)
    cause, advice = told(kafka, first, causes)
    return ServerError(f"Kafka at {kafka.bootstrap_servers} cannot be used ({cause}): {advice}.")


def told(kafka: KafkaSettings, error: KafkaError, heard: Iterable[KafkaError] = ()) -> tuple[str, str]:
    """As `cause_of`; where a connection by TLS failed, what is wrong with it, which a handshake of our own finds out."""
    found = cause_of(error, heard)
    if found in (_TLS, _AWAY, _SLOW):
        return tls_trouble(kafka) or found
    return found


def refusals(kafka: KafkaSettings, seconds: float = _ASK_SECONDS) -> list[KafkaError]:
    """What the broker says against a connection of ours; nothing when it answers."""
    return asked(kafka, seconds)[1]


def asked(kafka: KafkaSettings, seconds: float) -> tuple[ClusterMetadata | None, list[KafkaError]]:
    """What the broker says of itself; None and the causes when it does not, at once where it refuses us."""
    causes: list[KafkaError] = []
    client = admin(kafka, {"error_cb": causes.append, "log.connection.close": False})
    until, looked = time.monotonic() + seconds, False
    while True:
        left = until - time.monotonic()
        try:
            return client.list_topics(timeout=max(0.1, min(left, _SLICE_SECONDS))), []
        except KafkaException as error:
            client.poll(0)
            # A broker that does not take our certificate only closes the connection, which librdkafka takes for a passing trouble.
            if left <= _SLICE_SECONDS or any(one.name() in _FINAL for one in causes) or (not looked and tls_trouble(kafka)):
                return None, [*causes, error.args[0]]
            looked = True
