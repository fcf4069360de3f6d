"""The command line as a person meets it."""

import json
import socket

import pytest

from deploy.cli import COMMANDS
from tests.e2e.deploy.test_demo import shelfcast


def test_help_teaches(tmp_path):
    done = shelfcast("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in COMMANDS:
        assert command in done.stdout
    assert "Exit codes" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command, tmp_path):
    done = shelfcast(command, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_misspelt_command_is_put_right(tmp_path):
    done = shelfcast("gatway", cwd=tmp_path)
    assert done.returncode == 2
    assert "shelfcast gateway" in done.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"KAFKA_BOOTSTRAP_SERVERS": "localhost"}, "host:port"),
        ({"MONGODB_URI": "mongodb://x"}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "h:9", "KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_CERTIFICATE_FILE": "no.pem"}, "KAFKA_KEY_FILE is not"),
        ({"SHELFCAST_TIMEZONE": "Nowhere"}, "Europe/Berlin"),
        ({"SHELFCAST_COUNTRY": "XX"}, "SHELFCAST_COUNTRY='XX'"),
        ({"SHELFCAST_COUNTRY": "DE-XX"}, "DE-NI, DE-NW"),
        ({"SHELFCAST_STORE_COUNTRIES": "nowhere.csv"}, "there is no file nowhere.csv"),
        ({"SHELFCAST_LOG_LEVEL": "LOUD"}, "DEBUG, INFO"),
    ],
)
def test_bad_settings_stop_the_worker_with_a_sentence(environment, words, tmp_path):
    done = shelfcast("worker", cwd=tmp_path, **environment)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"KAFKA_BOOTSTRAP_SERVERS": "localhost:9"}, "MONGODB_URI"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "localhost:9", "MONGODB_URI": "postgres://x"}, "mongodb://"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "localhost:9", "MONGODB_URI_FILE": "nowhere"}, "MONGODB_URI_FILE='nowhere' cannot be read"),
    ],
)
def test_what_needs_both_servers_says_which_is_missing(environment, words, tmp_path):
    done = shelfcast("consume", cwd=tmp_path, **environment)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["worker", "up", "demo", "backtest"])
def test_a_wrong_file_of_stores_stops_each_command_with_its_line(command, tmp_path):
    (tmp_path / "stores.csv").write_text("store,country\n25,DE-NW\n26,DE-XX\n")
    (tmp_path / "sales.csv").write_text("date,item,quantity,price\n2026-01-01,tea,1,2\n")
    sales = ("--sales", "sales.csv") if command == "backtest" else ()
    done = shelfcast(command, "--country", "de-nw", "--store-countries", "stores.csv", *sales, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "stores.csv, line 3: country 'DE-XX': DE has no such subdivision" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        ("worker", "SHELFCAST_WORKER_METRICS_PORT"),
        ("consume", "SHELFCAST_CONSUME_METRICS_PORT"),
        ("replenish", "SHELFCAST_REPLENISH_METRICS_PORT"),
    ],
)
def test_a_taken_port_is_said_with_the_setting_that_names_it(command, variable, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        nowhere = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "MONGODB_URI": "mongodb://127.0.0.1:1"}
        done = shelfcast(command, "--metrics-port", str(port), cwd=tmp_path, **nowhere)
    assert done.returncode == 2, done.stderr
    assert f"Set {variable} or --metrics-port" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_broker_that_is_not_there_is_said(tmp_path):
    done = shelfcast("topics", "list", cwd=tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1", MONGODB_URI="mongodb://127.0.0.1:1")
    assert done.returncode == 3
    assert "KAFKA_BOOTSTRAP_SERVERS" in done.stderr


def test_settings_and_schema_are_machine_readable(tmp_path):
    settings = json.loads(shelfcast("settings", "--json", cwd=tmp_path).stdout)
    assert any(row["variable"] == "SHELFCAST_TIMEZONE" for row in settings)
    schema = json.loads(shelfcast("schema", cwd=tmp_path).stdout)
    assert "SaleRecorded" in schema["$defs"]


def test_the_doctor_finds_a_healthy_stack_healthy(tmp_path):
    done = shelfcast("doctor", "--json", cwd=tmp_path)
    findings = json.loads(done.stdout)
    assert done.returncode == 0, findings
    assert {f["check"] for f in findings} >= {"broker", "topics", "clock", "worker", "model state", "database"}
    assert all(f["state"] == "ok" for f in findings)


def test_the_doctor_says_what_to_do_when_nothing_answers(tmp_path):
    done = shelfcast("doctor", "--json", cwd=tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1", MONGODB_URI="mongodb://127.0.0.1:1")
    assert done.returncode == 1
    findings = {f["check"]: f for f in json.loads(done.stdout)}
    assert findings["broker"]["state"] == findings["database"]["state"] == "fail"
    assert "KAFKA_BOOTSTRAP_SERVERS" in findings["broker"]["todo"]
    assert "MONGODB_URI" in findings["database"]["todo"]
