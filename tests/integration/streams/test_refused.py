"""An Apache Kafka that refuses: every command says why, in a sentence that says what to set. And one that lets in, by least rights."""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
from pymongo import MongoClient

from streams.contract.documents import ITEM_MONTHS
from streams.contract.errors import ServerError
from streams.contract.settings import KafkaSettings, Secret
from streams.kafka.brokers import metadata
from streams.kafka.rights import Groups, rights_of
from tests.conftest import not_run
from tests.e2e.deploy.test_demo import SHELFCAST, shelfcast
from tests.servers.guarded_kafka import PASSWORD, READER, GuardedKafka
from tests.servers.jars import MissingError
from tests.support.stand_ins import free_port
from tests.support.tokens import TokenServer

NO_DATABASE = {"MONGODB_URI": "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500"}
COMMANDS = {
    "verify": ["verify"],
    "dead letters": ["deadletters", "list"],
    "announce": ["announce", "closed.csv"],
    "simulate": ["simulate", "--days", "1", "--stores", "1", "--items", "1"],
    "worker": ["worker", "--metrics-port", "0"],
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    try:
        kafka = GuardedKafka(tmp_path_factory.mktemp("guarded-kafka"))
    except MissingError as error:
        not_run("what a Kafka with logins and ACLs refuses", str(error))
        pytest.skip(str(error))
    try:
        kafka.make_topics()
        yield kafka
    finally:
        kafka.close()


def said(broker, tmp_path, arguments, user, password=None):
    (tmp_path / "closed.csv").write_text("store,first_day,last_day,open\nberlin-1,2030-12-24,,no\n")
    environment = broker.environment(user, password) if password else broker.environment(user)
    done = shelfcast(*arguments, cwd=tmp_path, **NO_DATABASE, **environment)
    assert "Traceback" not in done.stderr
    return done, " ".join(done.stderr.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_password_is_said_by_every_command(command, broker, tmp_path):
    done, words = said(broker, tmp_path, COMMANDS[command], READER, "hunter2")
    assert done.returncode == 3, words
    assert "it refuses the login" in words
    assert "KAFKA_PASSWORD" in words
    assert "hunter2" not in words


def findings(broker, tmp_path):
    done, _ = said(broker, tmp_path, ["doctor", "--json"], READER)
    return {one["check"]: one for one in json.loads(done.stdout)}


def test_rights_that_are_missing_are_said_one_after_the_other(broker, tmp_path):
    topics = findings(broker, tmp_path)["topics"]
    assert topics["state"] == "fail"
    assert "the user may not use the topics" in topics["found"]
    assert "topics create" not in topics["todo"]
    for command in ("dead letters", "worker"):
        done, words = said(broker, tmp_path, COMMANDS[command], READER)
        assert (done.returncode, "may not use the topics" in words) == (3, True), words

    broker.grant(AclOperation.DESCRIBE, AclOperation.READ)
    found = findings(broker, tmp_path)
    assert found["topics"]["state"] == "ok"
    assert (found["retention"]["state"], "rights" in found["retention"]["todo"]) == ("fail", True)
    assert "the user may not use the consumer group" in found["worker"]["found"]

    broker.grant(AclOperation.DESCRIBE_CONFIGS)
    broker.grant(AclOperation.READ, kind=ResourceType.GROUP)
    found = findings(broker, tmp_path)
    assert [found[name]["state"] for name in ("broker", "topics", "retention", "worker", "model state")] == ["ok"] * 5
    assert "refuses the connection" in found["database"]["found"]


WRONG = {
    "a wrong password": ("TLS", {"sasl_mechanism": "PLAIN", "password": "hunter2"}, "it refuses the login"),
    "a wrong password, scrambled": ("TLS", {"sasl_mechanism": "SCRAM-SHA-256", "password": "hunter2"}, "it refuses the login"),
    "a foreign authority": ("TLS", {"ca": "foreign"}, "its certificate is signed by another authority"),
    "an expired certificate of the broker's": ("EXPIRED", {}, "its certificate has expired"),
    "another host name": ("ELSEWHERE", {}, "its certificate is for another host name"),
    "no certificate of ours": ("MUTUAL", {}, "it asks for a certificate of ours"),
    "an expired certificate of ours": ("MUTUAL", {"ours": "expired"}, "our certificate has expired"),
    "a foreign certificate of ours": ("MUTUAL", {"ours": "foreign"}, "it does not take our certificate"),
    "TLS where none is spoken": ("LOGIN", {"protocol": "SSL"}, "the listener does not talk TLS"),
}


@pytest.fixture(scope="module")
def certificates(broker):
    return {
        "good": broker.authority.sign("shelfcast-worker"),
        "expired": broker.authority.sign("old-worker", expired=True),
        "foreign": broker.foreign.sign("shelfcast-worker"),
    }


def refused(broker, certificates, listener, given):
    """What is said of a connection, and after how many seconds."""
    login = {"username": READER, "password": Secret(given.get("password", PASSWORD))} if listener == "TLS" else {}
    if "ours" in given:
        ours = certificates[given["ours"]]
        login |= {"certificate_file": str(ours.chain), "key_file": str(ours.key)}
    protocol = "SASL_SSL" if listener == "TLS" else "SSL"
    authority = broker.foreign if given.get("ca") == "foreign" else broker.authority
    kafka = KafkaSettings(broker.at(listener), protocol, given.get("sasl_mechanism", "PLAIN"), ca_file=str(authority.file), **login)
    began = time.monotonic()
    try:
        metadata(kafka)
    except ServerError as error:
        return str(error), time.monotonic() - began
    return "let in", 0.0


def test_what_is_wrong_with_a_connection_is_told_apart(broker, certificates):
    with ThreadPoolExecutor(len(WRONG)) as pool:
        told = list(pool.map(lambda case: refused(broker, certificates, *case[:2]), WRONG.values()))
    for (what, (_, _, words)), (said, seconds) in zip(WRONG.items(), told, strict=True):
        assert words in said, what
        assert "hunter2" not in said, what
        assert seconds < 14, what


def ways_in(broker, certificates, token_url):
    """How each process of the stack logs in: each in another way."""
    trust = {"KAFKA_CA_FILE": str(broker.authority.file)}
    tls = trust | {"KAFKA_BOOTSTRAP_SERVERS": broker.at("TLS"), "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}
    return {
        "worker": trust | {
            "KAFKA_BOOTSTRAP_SERVERS": broker.at("MUTUAL"), "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_CERTIFICATE_FILE": str(certificates["good"].chain), "KAFKA_KEY_FILE": str(certificates["good"].key),
        },
        "gateway": tls | {"KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_USERNAME": "shelfcast-gateway", "KAFKA_TOKEN_URL": token_url},
        "consume": tls | {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_USERNAME": "shelfcast-consume"},
    }  # fmt: skip


@contextlib.contextmanager
def process(name, environment, log):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAFKA_", "MONGODB_", "SHELFCAST_"))}
    with log.open("ab") as out:
        child = subprocess.Popen(
            [*SHELFCAST, name], env=clean | {"PYTHONPATH": str(Path(__file__).parents[3])} | environment, stdout=out, stderr=out
        )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(20)
        finally:
            child.kill()


def posted(port):
    sale = {"event_id": "1", "store": "s", "item": "tea", "quantity": 2, "unit_price": 1.5, "sold_at": "2026-05-01T12:30:00Z"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/sales", json.dumps(sale).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=20) as answer:
        return answer.status == 202
    return False


def eventually(what, children, log, seconds=90.0):
    until = time.monotonic() + seconds
    while not what():
        assert all(child.poll() is None for child in children), log.read_text()[-3000:]
        assert time.monotonic() < until, log.read_text()[-3000:]
        time.sleep(0.2)


def test_the_stack_works_with_the_least_rights_and_tells_no_secret(broker, certificates, mongo, tmp_path):
    """The worker shows a certificate, the gateway a token, the consumer a password; each may do what `topics acls` prints, no more."""
    groups = Groups("shelfcast-worker", "shelfcast-statistics", "shelfcast-forecasts", "shelfcast-replenishment", "shelfcast-archive")
    kinds = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
    operations = {"Read": AclOperation.READ, "Write": AclOperation.WRITE, "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS}
    broker.allow(
        AclBinding(
            kinds[right.kind],
            right.name,
            ResourcePatternType.LITERAL,
            f"User:shelfcast-{name}",
            "*",
            operations[one],
            AclPermissionType.ALLOW,
        )
        for name in ("worker", "gateway", "consume")
        for right in rights_of(groups)[name]
        for one in right.operations
    )
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    tokens, port, log = TokenServer(PASSWORD), free_port(), tmp_path / "log"
    ways = ways_in(broker, certificates, tokens.url)
    for name in ("gateway", "consume"):
        ways[name] |= {"KAFKA_PASSWORD_FILE": str(tmp_path / "secret")}
    ways["gateway"] |= {"SHELFCAST_GATEWAY_PORT": str(port)}
    ways["worker"] |= {"SHELFCAST_WORKER_METRICS_PORT": "0", "SHELFCAST_LOG_LEVEL": "DEBUG"}
    ways["consume"] |= {
        "MONGODB_URI": mongo.settings.uri.reveal(), "MONGODB_DATABASE": mongo.settings.database, "SHELFCAST_CONSUME_METRICS_PORT": "0",
    }  # fmt: skip
    client = MongoClient(mongo.settings.uri.reveal())
    try:
        with contextlib.ExitStack() as stack:
            children = [stack.enter_context(process(name, environment, log)) for name, environment in ways.items()]
            eventually(lambda: posted(port), children, log)
            eventually(lambda: client[mongo.settings.database][ITEM_MONTHS].find_one({"item": "tea"}), children, log)
            shown = "".join(Path(f"/proc/{child.pid}/{what}").read_text() for child in children for what in ("cmdline", "environ"))
    finally:
        client.close()
        tokens.close()
    said = log.read_text()
    assert PASSWORD not in shown + said
    assert not [token for token in said.split() if token.startswith("eyJ")]
    assert "does not tell" not in said
