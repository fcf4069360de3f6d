"""The one place that makes clients of Kafka: how to reach it and log in, in the words of each client library.

Both libraries talk in plain text unless they are told otherwise, so the protocol is always named, and one that is not known
here is an error.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, assert_never

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from streams.contract.certificates import context_of
from streams.contract.topics import MESSAGE_BYTES
from streams.kafka.tokens import token_source, uses_tokens

if TYPE_CHECKING:
    import logging
    import ssl
    from collections.abc import Mapping

    from faust.types.auth import CredentialsT

    from streams.contract.settings import KafkaSettings

Config = dict[str, Any]


def consumer(kafka: KafkaSettings, group: str, more: Mapping[str, Any] | None = None, *, logger: logging.Logger | None = None) -> Consumer:
    """A consumer that commits only what it is told to.

    logger: takes what librdkafka says of itself; None: nobody does, and its errors are read from calls and `error_cb`.
    """
    return Consumer(librdkafka(kafka) | {"group.id": group, "enable.auto.commit": False} | _heard_by(logger) | dict(more or {}))


def producer(kafka: KafkaSettings, name: str, more: Mapping[str, Any] | None = None, *, logger: logging.Logger | None = None) -> Producer:
    """A producer of messages that all replicas keep, each once and in order. name: how the broker's log calls it."""
    kept: Config = {"client.id": name, "enable.idempotence": True, "acks": "all"}
    carried: Config = {"compression.type": "lz4", "message.max.bytes": MESSAGE_BYTES}
    return Producer(librdkafka(kafka) | kept | carried | _heard_by(logger) | dict(more or {}))


def admin(kafka: KafkaSettings, more: Mapping[str, Any] | None = None, *, logger: logging.Logger | None = None) -> AdminClient:
    """A client that asks about topics and groups. It must live until all is answered."""
    return AdminClient(librdkafka(kafka) | _heard_by(logger) | dict(more or {}))


def librdkafka(kafka: KafkaSettings) -> Config:
    """How to reach Kafka and log in, as confluent-kafka takes it. Raises ServerError if a token is needed and none can be had."""
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol.lower(),
        **_login(kafka),
        **_certificates(kafka),
    }


def _login(kafka: KafkaSettings) -> Config:
    if not kafka.security_protocol.startswith("SASL"):
        return {}
    if not uses_tokens(kafka):
        return {"sasl.mechanism": kafka.sasl_mechanism, "sasl.username": kafka.username, "sasl.password": kafka.password.reveal()}
    source = token_source(kafka)
    source.token()  # here its error is a sentence; within librdkafka it would be a time-out
    return {"sasl.mechanism": kafka.sasl_mechanism, "oauth_cb": lambda _: tuple(source.token())}


def _certificates(kafka: KafkaSettings) -> Config:
    if not kafka.encrypted:
        return {}
    checked: Config = {"enable.ssl.certificate.verification": True, "ssl.endpoint.identification.algorithm": "https"}
    if kafka.ca_file:
        checked["ssl.ca.location"] = kafka.ca_file
    if kafka.certificate_file:
        checked |= {"ssl.certificate.location": kafka.certificate_file, "ssl.key.location": kafka.key_file}
    if kafka.key_password:
        checked["ssl.key.password"] = kafka.key_password.reveal()
    return checked


def faust_broker(kafka: KafkaSettings) -> Config:
    """How to reach Kafka and log in, as a Faust app takes it."""
    servers = ";".join(f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(","))
    return {"broker": servers, "broker_credentials": _faust_credentials(kafka)}


def _faust_credentials(kafka: KafkaSettings) -> CredentialsT | None:
    from faust.auth import OAuthCredentials, SASLCredentials, SSLCredentials  # noqa: PLC0415  only the worker needs Faust, and it loads slowly

    match kafka.security_protocol:
        case "PLAINTEXT":
            return None
        case "SSL":
            return SSLCredentials(_tls(kafka))
        case "SASL_PLAINTEXT" | "SASL_SSL":
            context = _tls(kafka) if kafka.encrypted else None  # without one Faust talks in plain text
            if uses_tokens(kafka):
                return OAuthCredentials(oauth_cb=_token_provider(kafka), ssl_context=context)
            return SASLCredentials(
                username=kafka.username, password=kafka.password.reveal(), mechanism=kafka.sasl_mechanism, ssl_context=context
            )
        case _:
            assert_never(kafka.security_protocol)


def _token_provider(kafka: KafkaSettings) -> Any:
    from aiokafka.abc import AbstractTokenProvider  # noqa: PLC0415  only the worker needs it

    source = token_source(kafka)

    class Provider(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
        async def token(self) -> str:
            return (await asyncio.to_thread(source.token)).value

    return Provider()


def _tls(kafka: KafkaSettings) -> ssl.SSLContext:
    return context_of(kafka.ca_file, kafka.certificate_file, kafka.key_file, kafka.key_password.reveal())


def _heard_by(logger: logging.Logger | None) -> Config:
    return {"log_level": 0} if logger is None else {"logger": logger, "log.connection.close": False}
