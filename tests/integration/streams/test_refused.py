"""An Apache Kafka that refuses: every command says why, in a sentence that says what to set."""

import json

import pytest
from confluent_kafka.admin import AclOperation, ResourceType

from tests.conftest import not_run
from tests.e2e.deploy.test_demo import shelfcast
from tests.servers.guarded_kafka import READER, GuardedKafka
from tests.servers.jars import MissingError

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
