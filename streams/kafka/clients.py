"""The one place that makes clients of Kafka: how to reach it and log in, in the words of each client library.

Both libraries talk in plain text unless they are told otherwise, so the protocol is always named, and one that is not known
here is an error.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, assert_never

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from streams.contract.topics import MESSAGE_BYTES

if TYPE_CHECKING:
    import logging
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
    """How to reach Kafka and log in, as confluent-kafka takes it."""
    config: Config = {"bootstrap.servers": kafka.bootstrap_servers, "security.protocol": kafka.security_protocol.lower()}
    if kafka.security_protocol.startswith("SASL"):
        config |= {"sasl.mechanism": kafka.sasl_mechanism, "sasl.username": kafka.username, "sasl.password": kafka.password.reveal()}
    if kafka.ca_file:
        config["ssl.ca.location"] = kafka.ca_file
    return config


def faust_broker(kafka: KafkaSettings) -> Config:
    """How to reach Kafka and log in, as a Faust app takes it."""
    servers = ";".join(f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(","))
    return {"broker": servers, "broker_credentials": _faust_credentials(kafka)}


def _faust_credentials(kafka: KafkaSettings) -> CredentialsT | None:
    from faust.auth import SASLCredentials, SSLCredentials  # noqa: PLC0415  only the worker needs Faust, and it loads slowly

    match kafka.security_protocol:
        case "PLAINTEXT":
            return None
        case "SSL":
            return SSLCredentials(_tls(kafka))
        case "SASL_PLAINTEXT" | "SASL_SSL":
            return SASLCredentials(
                username=kafka.username,
                password=kafka.password.reveal(),
                mechanism=kafka.sasl_mechanism,
                ssl_context=_tls(kafka) if kafka.security_protocol == "SASL_SSL" else None,  # without one Faust talks in plain text
            )
        case _:
            assert_never(kafka.security_protocol)


def _tls(kafka: KafkaSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=kafka.ca_file or None)


def _heard_by(logger: logging.Logger | None) -> Config:
    return {"log_level": 0} if logger is None else {"logger": logger, "log.connection.close": False}
