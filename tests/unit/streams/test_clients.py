"""Clients of Kafka and MongoDB are made in one place each, and none of them talks more openly than the settings say."""

import re
import ssl
from pathlib import Path
from typing import get_args

import pytest
from confluent_kafka import KafkaException
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from streams.contract.settings import KafkaSettings, MongoSettings, Secret, SecurityProtocol
from streams.kafka import clients
from streams.mongodb.client import connect

ROOMS = ("streams", "online_model", "producers", "consumers", "charts", "workbench", "deploy")
ROOT = Path(__file__).parents[3]


def made_in(pattern: str) -> set[str]:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    assert len(files) > 200
    return {str(file.relative_to(ROOT)) for file in files if re.search(pattern, file.read_text())}


def test_clients_of_kafka_are_made_in_one_place():
    made = made_in(r"\b(Deserializing|Serializing|AIO|AIOKafka|Kafka)?(Consumer|Producer|AdminClient)\(")
    # The stand-in is a broker: librdkafka has one within its producer.
    assert made - {"deploy/embedded/kafka.py"} == {"streams/kafka/clients.py"}


def test_clients_of_mongodb_are_made_in_one_place():
    assert made_in(r"\bMongoClient\b.*\(") == {"streams/mongodb/client.py"}


PROTOCOLS = get_args(SecurityProtocol)


def named(protocol: str) -> KafkaSettings:
    login = {"username": "u", "password": Secret("geheim")} if protocol.startswith("SASL") else {}
    return KafkaSettings("a:1,b:2", protocol, **login)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_client_library_is_told_the_protocol_of_the_settings(protocol):
    kafka = named(protocol)
    ours = clients.librdkafka(kafka)
    assert ours["security.protocol"] == protocol.lower()
    assert ours.get("sasl.password") == ("geheim" if protocol.startswith("SASL") else None)
    broker = clients.faust_broker(kafka)
    theirs = credentials_to_aiokafka_auth(broker["broker_credentials"])
    assert theirs["security_protocol"] == protocol
    assert theirs.get("sasl_plain_password") == ours.get("sasl.password")
    assert theirs.get("sasl_mechanism") == ours.get("sasl.mechanism")
    assert broker["broker"] == "kafka://a:1;kafka://b:2"


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_faust_checks_who_the_broker_is(protocol):
    context = credentials_to_aiokafka_auth(clients.faust_broker(named(protocol))["broker_credentials"])["ssl_context"]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_protocol_that_is_not_known_is_an_error_and_not_plain_text():
    kafka = named("PLAINTEXT")
    object.__setattr__(kafka, "security_protocol", "SASL_TLS_1_4")
    with pytest.raises(AssertionError):
        clients.faust_broker(kafka)
    with pytest.raises(KafkaException, match=r"security\.protocol"):
        clients.admin(kafka)


def test_no_client_of_mongodb_waits_for_ever():
    """A server may stand still with its connections open: pymongo itself waits without end."""
    mongo = MongoSettings(Secret("mongodb://127.0.0.1:1"))
    with connect(mongo, "shelfcast-test", absent_seconds=4.0) as client:
        assert client.options.pool_options.socket_timeout == 60
        assert client.options.pool_options.connect_timeout == 10
        assert client.options.server_selection_timeout == 4
        assert client.options.pool_options.appname == "shelfcast-test"
