"""How Kafka is logged in to: certificates and tokens. What is wrong with them is a sentence, before anything is sent."""

import asyncio
import ssl

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from streams.contract.errors import ServerError, SettingsError
from streams.contract.settings import KafkaSettings, Secret
from streams.kafka import clients
from streams.kafka.handshake import own_has_expired, told_by_alert
from streams.kafka.rights import Groups, rights_of
from streams.kafka.tokens import TokenSource
from tests.conftest import not_run
from tests.servers.certificates import Authority
from tests.servers.jars import MissingError
from tests.support.tokens import TokenServer

SECRET = "s3cr:t/+ %"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    try:
        authority = Authority(tmp_path_factory.mktemp("certificates") / "ours")
    except MissingError as error:
        not_run("certificates of Kafka's clients", str(error))
        pytest.skip(str(error))
    good, other, old = authority.sign("good"), authority.sign("other"), authority.sign("old", expired=True)
    locked = authority.locked(good, "hunter2")
    return {
        "authority": str(authority.file), "chain": str(good.chain), "key": str(good.key), "other": str(other.key), "locked": str(locked),
        "old": str(old.chain), "old key": str(old.key),
    }  # fmt: skip


def mutual(files, chain="chain", key="key", password=""):
    return KafkaSettings(
        "h:1", "SSL", ca_file=files["authority"], certificate_file=files[chain], key_file=files[key], key_password=Secret(password)
    )


@pytest.mark.parametrize(("key", "password"), [("key", ""), ("locked", "hunter2")])
def test_both_client_libraries_show_our_certificate(key, password, files):
    kafka = mutual(files, key=key, password=password)
    ours = clients.librdkafka(kafka)
    assert (ours["ssl.certificate.location"], ours["ssl.key.location"]) == (files["chain"], files[key])
    assert ours.get("ssl.key.password", "") == password
    assert (ours["enable.ssl.certificate.verification"], ours["ssl.endpoint.identification.algorithm"]) == (True, "https")
    clients.admin(kafka)  # librdkafka reads the files at once
    context = credentials_to_aiokafka_auth(clients.faust_broker(kafka)["broker_credentials"])["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert "hunter2" not in repr(kafka)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key_file": ""}, "KAFKA_CERTIFICATE_FILE is set and KAFKA_KEY_FILE is not"),
        ({"certificate_file": ""}, "KAFKA_KEY_FILE is set and KAFKA_CERTIFICATE_FILE is not"),
        ({"key_file": "other"}, "is not the key of KAFKA_CERTIFICATE_FILE"),
        ({"key_file": "locked"}, "has a password, and KAFKA_KEY_PASSWORD is not it"),
        ({"key_file": "locked", "key_password": Secret("hunter3")}, "has a password, and KAFKA_KEY_PASSWORD is not it"),
        ({"key_file": "authority"}, "cannot be used: name PEM files"),
        ({"key_file": "/nowhere"}, "KAFKA_KEY_FILE='/nowhere' cannot be read"),
        ({"certificate_file": "/nowhere"}, "KAFKA_CERTIFICATE_FILE='/nowhere' cannot be read"),
        (
            {"certificate_file": "", "key_file": "", "key_password": Secret("hunter3")},
            "KAFKA_KEY_PASSWORD is set and KAFKA_KEY_FILE is not",
        ),
        ({"security_protocol": "PLAINTEXT"}, "KAFKA_CERTIFICATE_FILE is set: set KAFKA_SECURITY_PROTOCOL=SSL"),
    ],
)
def test_files_that_tls_cannot_use_are_said_before_a_connection_is_made(change, words, files):
    given = {"security_protocol": "SSL", "certificate_file": "chain", "key_file": "key"} | change
    given = {name: files.get(value, value) for name, value in given.items()}
    with pytest.raises(SettingsError) as raised:
        KafkaSettings("h:1", **given)
    assert words in str(raised.value)
    assert "hunter3" not in str(raised.value)


def test_our_own_certificate_is_known_to_be_old_without_asking_anybody(files):
    assert own_has_expired(mutual(files, "old", "old key"))
    assert not own_has_expired(mutual(files))


@pytest.mark.parametrize(
    ("reason", "shown", "words"),
    [
        ("SSLV3_ALERT_BAD_CERTIFICATE", False, "asks for a certificate of ours"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", False, "asks for a certificate of ours"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", True, "our certificate has expired"),
        ("TLSV1_ALERT_UNKNOWN_CA", True, "does not take our certificate"),
        ("WRONG_VERSION_NUMBER", True, "does not talk TLS"),
        ("RECORD_LAYER_FAILURE", False, "does not talk TLS"),
        ("INTERNAL_ERROR", True, None),
    ],
)
def test_an_alert_of_the_broker_is_told_in_words(reason, shown, words):
    told = told_by_alert(reason, shown=shown)
    assert told is None if words is None else words in told[0]


@pytest.mark.parametrize("mechanism", ["PLAIN", "OAUTHBEARER"])
def test_what_can_be_read_on_the_way_is_not_sent(mechanism):
    login = {"username": "u", "password": Secret("geheim"), "sasl_mechanism": mechanism}
    with pytest.raises(SettingsError, match="readably: set KAFKA_SECURITY_PROTOCOL=SASL_SSL"):
        KafkaSettings("127.0.0.1:1,kafka:9092", "SASL_PLAINTEXT", **login)
    KafkaSettings("kafka:9092", "SASL_PLAINTEXT", **login | {"sasl_mechanism": "SCRAM-SHA-512"})


@pytest.mark.parametrize("url", ["", "http://id.example/token", "ftp://id.example", "id.example", "https://", "http://[::1"])
def test_a_token_is_asked_for_only_where_nobody_reads_along(url):
    with pytest.raises(SettingsError, match="KAFKA_TOKEN_URL"):
        KafkaSettings("h:1", "SASL_SSL", "OAUTHBEARER", "u", Secret("geheim"), token_url=url)


def test_a_token_url_that_nobody_would_use_is_said():
    with pytest.raises(SettingsError, match="set KAFKA_SASL_MECHANISM=OAUTHBEARER"):
        KafkaSettings("h:1", "SASL_SSL", "PLAIN", "u", Secret("geheim"), token_url="https://id.example")


@pytest.fixture
def token_server():
    servers = []

    def start(*answer):
        servers.append(TokenServer(SECRET, *answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def by_token(url, secret=SECRET, **more):
    return KafkaSettings("127.0.0.1:1", "SASL_PLAINTEXT", "OAUTHBEARER", "till 7", Secret(secret), token_url=url, **more)


def test_both_client_libraries_are_given_the_same_token_and_the_server_is_asked_once(token_server):
    server = token_server()
    kafka = by_token(server.url, token_scope="kafka")
    ours = clients.librdkafka(kafka)["oauth_cb"]("")
    auth = credentials_to_aiokafka_auth(clients.faust_broker(kafka)["broker_credentials"])
    assert asyncio.run(auth["sasl_oauth_token_provider"].token()) == ours[0]
    assert (auth["sasl_mechanism"], auth["security_protocol"]) == ("OAUTHBEARER", "SASL_PLAINTEXT")
    assert server.asked == [("till 7", {"grant_type": ["client_credentials"], "scope": ["kafka"]})]


def test_a_token_is_replaced_before_it_ends(token_server):
    server, now = token_server(), [1000.0]
    source = TokenSource(by_token(server.url), lambda: now[0])
    assert source.token().expires_at == 1300
    now[0] += 239
    assert source.token().expires_at == 1300
    now[0] += 2
    assert source.token().expires_at == 1541
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, {"error": "invalid_client"}), "it refuses the client): check KAFKA_USERNAME, KAFKA_PASSWORD"),
        ((500, {}), "it answers 500"),
        ((302, {}), "it answers 302"),
        ((200, b"<html>"), "its answer is no token"),
        ((200, {"access_token": ""}), "its answer is no token"),
        ((200, {"access_token": "x", "expires_in": 0}), "its answer is no token"),
    ],
)
def test_a_token_server_that_gives_none_is_said_and_no_secret_with_it(answer, words, token_server):
    kafka = by_token(token_server(answer).url)
    with pytest.raises(ServerError) as raised:
        clients.librdkafka(kafka)
    assert words in str(raised.value)
    assert SECRET not in str(raised.value)


def test_a_token_server_that_is_not_there_is_said():
    with pytest.raises(ServerError, match="it cannot be reached"):
        TokenSource(by_token("http://127.0.0.1:1/token")).token()


def test_only_the_worker_and_what_makes_its_state_anew_may_write_what_it_decides():
    rights = rights_of(Groups("w", "s", "f", "r", "a"))
    writes = {(name, one.name) for name, every in rights.items() for one in every if "Write" in one.operations}
    topics = {topic for _, topic in writes} - {"sales.events", "ads.events", "ads.advice"}
    assert {name for name, topic in writes if topic in topics} == {"worker", "rebuild"}
    assert {topic for name, topic in writes if name == "ads"} == {"ads.events", "ads.advice"}
    assert not {name for name, every in rights.items() for one in every if one.kind == "cluster" or "All" in one.operations}
    assert [one.name for one in rights["gateway"]] == ["sales.events"]
