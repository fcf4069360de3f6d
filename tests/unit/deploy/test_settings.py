"""Settings as every command sees them: no option's default covers one, a misspelt one is said, secrets are masked."""

import traceback
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from deploy import groups, spelling
from deploy.cli import COMMANDS, _command
from deploy.commands import settings, up
from deploy.demo import processes
from streams.contract.errors import SettingsError
from streams.contract.settings import MongoSettings
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS

ROOT = Path(__file__).parents[3]
VARIABLES = settings.names()
FREE = {
    ("web", "host"): "SHELFCAST_WEB_HOST",
    ("web", "port"): "SHELFCAST_WEB_PORT",
    ("gateway", "host"): "SHELFCAST_GATEWAY_HOST",
    ("gateway", "port"): "SHELFCAST_GATEWAY_PORT",
    ("worker", "metrics_port"): "SHELFCAST_WORKER_METRICS_PORT",
    ("consume", "metrics_port"): "SHELFCAST_CONSUME_METRICS_PORT",
    ("consume", "batch_seconds"): "SHELFCAST_CONSUME_SECONDS",
    ("replenish", "metrics_port"): "SHELFCAST_REPLENISH_METRICS_PORT",
    ("simulate", "zone"): "SHELFCAST_TIMEZONE",
}
"""Options that do not bear the name of their setting."""


def options():
    """Every option of every command and its subcommands, with the setting it stands for."""
    for name in COMMANDS:
        command = _command(name)
        subcommands = command.commands.values() if isinstance(command, click.Group) else [command]
        for one in subcommands:
            for option in one.params:
                variable = FREE.get((name, option.name), f"SHELFCAST_{option.name.upper()}")
                if variable in VARIABLES:
                    yield name, option, variable


def test_no_options_default_covers_a_setting():
    found = list(options())
    assert len(found) >= 20, "the walk over the commands finds nothing"
    covering = [
        f"{name} --{option.name} covers {variable} with {option.default!r}"
        for name, option, variable in found
        if option.default is not None and variable not in (option.envvar or [])
    ]
    assert covering == []


@pytest.mark.parametrize("command", ["demo", "backtest", "simulate"])
def test_what_is_no_worker_takes_the_time_zone_of_the_environment_too(command):
    [option] = [option for name, option, variable in options() if name == command and variable == "SHELFCAST_TIMEZONE"]
    assert "SHELFCAST_TIMEZONE" in option.envvar


@pytest.fixture
def started(monkeypatch):
    """The commands that a supervisor would start, and with which environment."""
    commands = {}

    class Recorder:
        given_up = "nobody"

        def __init__(self, log_dir):
            pass

        def start(self, name, *arguments, environment=None):
            commands[name] = [*arguments, *(environment or {}).items()]

        def stop(self):
            pass

        def last_words(self, name):
            return ""

    for module in (up, processes):
        monkeypatch.setattr(module, "Supervisor", Recorder)
    monkeypatch.setattr(up, "check_topics", lambda kafka: None)
    monkeypatch.setattr(up, "servers", lambda data_dir: (SimpleNamespace(bootstrap_servers="k:1"), SimpleNamespace(shown="m")))
    return commands


@pytest.mark.parametrize(("option", "served"), [(None, "5000"), (6000, "6000")])
def test_up_serves_where_the_settings_say_unless_an_option_says_else(option, served, started, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SHELFCAST_WEB_PORT", "5000")
    monkeypatch.setenv("SHELFCAST_GATEWAY_PORT", "5001")
    with pytest.raises(Exception, match="keeps stopping"):
        up.up(None, None, None, web_port=option, data_dir=tmp_path)
    assert started["web"][:3] == ["web", "--port", served]
    assert started["gateway"][:3] == ["gateway", "--port", "5001"]
    assert f":{served}/" in capsys.readouterr().out.replace("\n", "")


def test_the_demo_covers_no_setting(started, monkeypatch, tmp_path):
    for name in ("SHELFCAST_DEDUPE_WINDOW", "SHELFCAST_CHECKPOINT_SECONDS"):
        monkeypatch.setenv(name, "3000")
    monkeypatch.setenv("SHELFCAST_WEB_PORT", "5000")
    assert processes.start(tmp_path, "UTC", "", None, None).web_port == 5000
    assert ("SHELFCAST_CONSUME_SECONDS", "1.5") in started["consume"]
    assert not [pair for pair in started["worker"] if pair[0] in ("SHELFCAST_DEDUPE_WINDOW", "SHELFCAST_CHECKPOINT_SECONDS")]
    assert "--checkpoint-seconds" not in started["worker"]


def test_the_groups_that_are_watched_are_those_of_the_settings(monkeypatch):
    for name in ("SHELFCAST_GROUP", "SHELFCAST_STATISTICS_GROUP", "SHELFCAST_FORECASTS_GROUP"):
        monkeypatch.setenv(name, f"of {name}")
    assert [(w.group, w.topic) for w in groups.everybody()] == [
        ("of SHELFCAST_GROUP", EVENTS),
        ("of SHELFCAST_STATISTICS_GROUP", ACCEPTED),
        ("of SHELFCAST_FORECASTS_GROUP", FORECASTS),
    ]
    assert groups.ahead_of() == groups.everybody()[:2]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SHELFCAST_TIMEZOEN", "SHELFCAST_TIMEZONE"),
        ("SHELCAST_TIMEZONE", "SHELFCAST_TIMEZONE"),
        ("SHELFCAST_API_KEY", "SHELFCAST_API_KEYS"),
        ("KAFKA_BOOTSTRAP_SERVER", "KAFKA_BOOTSTRAP_SERVERS"),
        ("KAFKA_USER_NAME", "KAFKA_USERNAME"),
        ("MONGO_URI", "MONGODB_URI"),
        ("MONGODB_DB", None),
        ("SHELFCAST_NONSENSE_ALTOGETHER", "`shelfcast settings`"),
    ],
)
def test_a_variable_that_is_no_setting_is_said_with_the_nearest_that_is(name, meant):
    said = list(spelling.unknown_variables({name: "x", "PATH": "/bin"}, VARIABLES))
    if meant is None:
        assert said == []
    else:
        assert [name in one and meant in one for one in said] == [True]


@pytest.mark.parametrize(
    "name",
    [
        "KAFKA_HEAP_OPTS", "KAFKA_ADVERTISED_LISTENERS", "KAFKA_SERVICE_HOST", "MONGODB_PORT_27017_TCP_ADDR", "SHELFCAST_LIFELINE",
        "SHELFCAST_CONSUME_PORT_9102_TCP", "SHELFCAST_WORKER_SERVICE_PORT", *sorted(VARIABLES),
    ],
)  # fmt: skip
def test_what_is_a_setting_or_somebody_elses_is_not_said(name):
    assert list(spelling.unknown_variables({name: "tcp://10.0.0.1:1"}, VARIABLES)) == []


def test_every_settings_class_of_the_program_is_listed():
    classes = {place.partition(":")[2] for place in settings.CLASSES}
    found = set()
    for room in ("streams", "producers", "consumers", "charts", "deploy"):
        for file in (ROOT / room).rglob("*.py"):
            lines = [line for line in file.read_text().splitlines() if line.startswith("class ") and "(FromEnvironment)" in line]
            found |= {line.split()[1].partition("(")[0] for line in lines}
    assert found == classes


def test_a_secret_may_stand_in_a_file(tmp_path):
    file = tmp_path / "uri"
    file.write_text("mongodb://u:hunter2@h\n")
    environ = {"MONGODB_URI_FILE": str(file)}
    assert MongoSettings.read(environ).uri.reveal() == "mongodb://u:hunter2@h"
    row = next(row for row in settings.values(environ) if row["variable"] == "MONGODB_URI")
    assert (row["value"], row["source"]) == ("***", f"file {file}")
    assert list(spelling.unknown_variables(environ, VARIABLES)) == []


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        (b"mongodb://a", {"MONGODB_URI": "mongodb://b"}, "MONGODB_URI and MONGODB_URI_FILE are set"),
        (None, {}, "cannot be read"),
        (b"", {}, "does not hold one line"),
        (b"mongodb://u:hunter2@a\nmongodb://b\n", {}, "does not hold one line"),
        (b"hunter2" * 20_000, {}, "does not hold one line"),
        (b"\xffhunter2", {}, "is not text"),
    ],
)
def test_a_file_that_holds_no_secret_is_said_without_what_it_holds(content, more, words, tmp_path):
    file = tmp_path / "uri"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        MongoSettings.read({"MONGODB_URI_FILE": str(file)} | more)
    assert words in str(raised.value)
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path):
    (tmp_path / "name").write_text("other")
    environ = {"MONGODB_URI": "mongodb://h", "MONGODB_DATABASE_FILE": str(tmp_path / "name")}
    assert MongoSettings.read(environ).database == "shelfcast"


def test_each_settings_value_and_source_are_listed_and_secrets_are_not():
    environ = {
        "KAFKA_PASSWORD": "hunter2",
        "MONGODB_URI": "mongodb://u:hunter2@h",
        "SHELFCAST_API_KEYS": "hunter2hunter2hunter2",
        "SHELFCAST_DATABASE": "postgresql://u:hunter2@h/d",
        "SHELFCAST_TIMEZONE": "Europe/Berlin",
        "SHELFCAST_COUNTRY": "",
    }
    rows = {row["variable"]: row for row in settings.values(environ)}
    assert "hunter2" not in str(rows)
    assert (rows["SHELFCAST_TIMEZONE"]["value"], rows["SHELFCAST_TIMEZONE"]["source"]) == ("Europe/Berlin", "environment")
    assert (rows["SHELFCAST_GROUP"]["value"], rows["SHELFCAST_GROUP"]["source"]) == ("shelfcast-worker", "default")
    assert (rows["SHELFCAST_COUNTRY"]["value"], rows["SHELFCAST_COUNTRY"]["source"]) == ("", "not set")
    assert (rows["KAFKA_PASSWORD"]["value"], rows["MONGODB_URI"]["value"]) == ("***", "***")
    assert rows.keys() >= {"SHELFCAST_ORDERS_DIR", "SHELFCAST_LOG_LEVEL", "SHELFCAST_DATABASE", "SHELFCAST_LOG_ID"}
