"""What Kafka's and MongoDB's clients complain of, as sentences: with the exceptions that the clients themselves raise."""

import traceback

import pytest
from confluent_kafka import KafkaError, KafkaException
from pymongo import MongoClient
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from streams.contract.errors import SettingsError
from streams.contract.settings import KafkaSettings, MongoSettings, Secret
from streams.kafka.trouble import CAUSES, kafka_error, sentence_of
from streams.mongodb.trouble import check_uri, mongo_cause, mongo_error

KAFKA = KafkaSettings("nowhere:9092")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OperationFailure("Authentication failed.", 18, {"codeName": "AuthenticationFailed"}),
            "it refuses the login): check user, password",
        ),
        (OperationFailure("bad auth : authentication failed", 8000), "it refuses the login"),
        (OperationFailure("command find requires authentication", 13, {"codeName": "Unauthorized"}), "it asks for a login): set user"),
        (OperationFailure("not authorized on shelfcast to execute command", 13), "the user may not do this): give the user"),
        (BulkWriteError({"writeErrors": [], "code": 1}), "batch op errors occurred"),
        (ServerSelectionTimeoutError("h:1: [Errno 111] Connection refused (configured timeouts: ...)"), "refuses the connection"),
        (ServerSelectionTimeoutError("h:1: [Errno -2] Name or service not known"), "host name cannot be resolved"),
        (
            ServerSelectionTimeoutError("SSL handshake failed: h:1: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
            "the TLS connection failed",
        ),
        (NetworkTimeout("h:1: timed out"), "did not answer in time"),
        (AutoReconnect("connection closed"), "cannot be reached"),
        (ConfigurationError("The DNS query name does not exist: _mongodb._tcp.a.b.c."), "host name cannot be resolved"),
        (PyMongoError("x" * 500), "x" * 100),
    ],
)
def test_mongodbs_complaint_is_a_cause_and_what_to_do(error, words):
    sentence = str(mongo_error("mongodb://h:1/d", error))
    assert words in sentence
    assert sentence.startswith("MongoDB at mongodb://h:1/d cannot be used (")
    assert sentence.endswith(".")
    assert len(sentence) < 400


def test_a_server_that_is_not_there_is_told_from_pymongos_own_exception():
    with MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=300) as client, pytest.raises(PyMongoError) as raised:
        client.admin.command("ping")
    assert mongo_cause(raised.value)[0] == "it refuses the connection"
    with MongoClient("mongodb://nowhere.invalid", serverSelectionTimeoutMS=300) as client, pytest.raises(PyMongoError) as raised:
        client.admin.command("ping")
    assert mongo_cause(raised.value)[0] in ("its host name cannot be resolved", "it did not answer in time")


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://user:hunter2@x@h", "mongodb://user:hun/ter2@h", "mongodb://user:123/hunter2@h:x", "mongodb://user:hunter2%zz@h",
        "mongodb://h:99999", "mongodb://h:x", "mongodb://", "mongodb://[::1", "mongodb+srv://a.b.c:27", "mongodb://h?x",
        "mongodb://h/?tls=maybe", "mongodb://h/?serverSelectionTimeoutMS=abc", "mongodb://h/?authMechanism=FOO",
        "mongodb://user:hunter2@h/?tls=true&tlsCAFile=/nowhere", "mongodb://h/?colour=red", "mongodb://user:maybe@h/?tls=maybe",
    ],
)  # fmt: skip
def test_a_uri_that_pymongo_cannot_read_is_a_sentence_without_the_password(uri):
    with pytest.raises(SettingsError) as raised:
        check_uri(MongoSettings(Secret(uri)))
    sentence = str(raised.value)
    assert sentence.startswith("MONGODB_URI ")
    told = sentence + "".join(traceback.format_exception(raised.value))
    for secret in ("hunter2", "hun/", "ter2", "123/"):
        assert secret not in sentence
        assert secret not in told.replace(repr(uri), "").replace(uri, "")


@pytest.mark.parametrize(
    "uri", ["mongodb://h", "mongodb://u:p%40@h:1,i:2/?replicaSet=r&retryWrites=true&w=majority&appName=x", "mongodb+srv://a.b.c"]
)
def test_a_uri_that_pymongo_can_read_is_taken_without_asking_the_server(uri):
    check_uri(MongoSettings(Secret(uri)))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (KafkaError._AUTHENTICATION, "KAFKA_PASSWORD"),
        (KafkaError._SSL, "KAFKA_CA_FILE"),
        (KafkaError._RESOLVE, "KAFKA_BOOTSTRAP_SERVERS"),
        (KafkaError._ALL_BROKERS_DOWN, "KAFKA_BOOTSTRAP_SERVERS"),
        (KafkaError._TRANSPORT, "Kafka is running"),
        (KafkaError._TIMED_OUT, "in time"),
        (KafkaError._MSG_TIMED_OUT, "in time"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "rights"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, "consumer group"),
        (KafkaError.CLUSTER_AUTHORIZATION_FAILED, "administrator"),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, "shelfcast topics create"),
        (KafkaError._UNKNOWN_PARTITION, "shelfcast topics create"),
        (KafkaError.SASL_AUTHENTICATION_FAILED, "KAFKA_PASSWORD"),
    ],
)
def test_kafkas_complaint_is_a_cause_and_what_to_do(code, words):
    error = KafkaError(code)
    assert error.name() in CAUSES
    assert words in sentence_of(error)
    assert words in str(kafka_error(KAFKA, KafkaException(error), ask=False))


def test_an_error_without_a_sentence_of_its_own_is_named():
    assert "KAFKA_STORAGE_ERROR" in sentence_of(KafkaError(KafkaError.KAFKA_STORAGE_ERROR))


def test_what_the_broker_refused_counts_more_than_the_time_out_it_led_to():
    heard = [KafkaError(KafkaError._ALL_BROKERS_DOWN), KafkaError(KafkaError._AUTHENTICATION)]
    error = kafka_error(KAFKA, KafkaException(KafkaError(KafkaError._TRANSPORT)), heard)
    assert "it refuses the login" in str(error)


def test_where_nothing_was_heard_the_broker_is_asked(monkeypatch):
    monkeypatch.setattr("streams.kafka.trouble.refusals", lambda kafka: [KafkaError(KafkaError._SSL)])
    assert "KAFKA_CA_FILE" in str(kafka_error(KAFKA, KafkaException(KafkaError(KafkaError._TIMED_OUT))))
    assert "rights" in str(kafka_error(KAFKA, KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))))
