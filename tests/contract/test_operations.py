"""Alerts, dashboard, containers and manifests name only what exists: metrics, labels, commands, settings."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from charts.web.telemetry import WebMetrics
from consumers.runtime.metrics import ConsumerMetrics
from deploy.cli import COMMANDS
from deploy.commands.settings import rows
from producers.gateway.telemetry import GatewayMetrics
from streams.http.doorman import ConnectionMetrics
from streams.runtime.metrics import WorkerMetrics
from tests.conftest import not_run

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
BOARD = DEPLOY / "grafana" / "shelfcast.json"
OUTSIDE = {"up"}
"""Metrics that Prometheus makes itself."""

ADDED = {"job", "instance", "le"}
"""Labels that Prometheus adds."""


def metrics() -> dict[str, set[str]]:
    """Names of all time series of all processes, with the labels their metric declares."""
    found = {}
    servers = [lambda registry, server=server: ConnectionMetrics(registry, server) for server in ("gateway", "web")]
    for kind in (WorkerMetrics, ConsumerMetrics, GatewayMetrics, WebMetrics, *servers):
        registry = CollectorRegistry()
        kind(registry)
        for metric in {id(m): m for m in registry._collector_to_names}.values():
            for name in registry._collector_to_names[metric]:
                assert name not in found, f"two processes have {name}"
                found[name] = set(metric._labelnames)
    return found


KNOWN = metrics()


def rules() -> list[dict]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def queries() -> list[tuple[str, str]]:
    """Where each expression stands, and the expression."""
    panels = json.loads(BOARD.read_text())["panels"]
    found = [(f"panel {panel['title']}", target["expr"]) for panel in panels for target in panel.get("targets", ())]
    return [(f"alert {rule['alert']}", rule["expr"]) for rule in rules()] + found


def selectors(expression: str) -> list[tuple[str, str]]:
    return re.findall(r"\b(shelfcast_\w+|up)\b(?:\{([^}]*)\})?", expression)


@pytest.mark.parametrize(("where", "expression"), queries(), ids=lambda value: value if len(value) < 60 else "")
def test_every_metric_and_label_of_a_query_exists(where, expression):
    used = selectors(expression)
    assert used, f"{where} asks for no metric"
    labels = set(ADDED)
    for name, inside in used:
        assert name in KNOWN or name in OUTSIDE, f"{where}: there is no metric {name}"
        own = KNOWN.get(name, set())
        labels |= own
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside):
            assert label in own | ADDED, f"{where}: {name} has no label {label}"
    for group in re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression):
        for label in filter(None, (part.strip() for part in group.split(","))):
            assert label in labels, f"{where}: no metric there has the label {label}"


def test_labels_have_bounds():
    for name, labels in KNOWN.items():
        assert not labels & {"item", "store", "event_id", "path", "key"}, f"{name} would have a series for each of them"


def test_values_of_labels_are_ones_that_are_set():
    """An alert on a value that no code sets can never fire."""
    rooms = ("streams", "consumers", "online_model")
    source = "\n".join(path.read_text() for room in rooms for path in (DEPLOY.parent / room).rglob("*.py"))
    for where, expression in queries():
        for name, inside in selectors(expression):
            for value in re.findall(r'(?:outcome|reason|source|contender|kind|horizon)="(\w+)"', inside):
                assert f'"{value}"' in source, f"{where}: nothing sets {value} on {name}"


def test_alerts_say_how_bad_it_is_and_what_to_do():
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule["alert"]
        assert rule["annotations"]["summary"].endswith((".", "{{ $labels.reason }}.", "%}}")), rule["alert"]
        assert len(rule["annotations"]["runbook"]) > 40, rule["alert"]
        settings = {row["variable"] for row in rows()}
        text = " ".join(rule["annotations"].values())
        for command in re.findall(r"`shelfcast ([a-z]+)", text):
            assert command in COMMANDS, f"{rule['alert']}: there is no shelfcast {command}"
        for variable in re.findall(r"\bSHELFCAST_\w+", text):
            assert variable in settings, f"{rule['alert']}: there is no {variable}"


def test_every_alert_is_in_the_operators_document_and_in_the_unit_tests():
    document = (DEPLOY.parent / "docs" / "operations.md").read_text()
    tested = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yml").read_text())["tests"]
    fires = {case["alertname"] for test in tested for case in test["alert_rule_test"] if case["exp_alerts"]}
    quiet = {case["alertname"] for test in tested for case in test["alert_rule_test"] if not case["exp_alerts"]}
    for rule in rules():
        assert f"`{rule['alert']}`" in document, f"docs/operations.md says nothing of {rule['alert']}"
        assert rule["alert"] in fires & quiet, f"alerts_test.yml lacks {rule['alert']} firing or staying quiet"


@pytest.mark.parametrize("command", ["check rules alerts.yml", "check config prometheus.yml", "test rules alerts_test.yml"])
def test_promtool_agrees(command):
    if shutil.which("promtool") is None:
        not_run("promtool on the alert rules", "no promtool on PATH")
        pytest.skip("no promtool on PATH")
    done = subprocess.run(["promtool", *command.split()], cwd=ALERTS.parent, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dashboard_can_be_imported():
    board = json.loads(BOARD.read_text())
    assert board["schemaVersion"] >= 36
    assert [(v["name"], v["type"]) for v in board["templating"]["list"]] == [("datasource", "datasource")]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]


def documents(path: Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def containers() -> list[tuple[str, list[str], dict[str, str]]]:
    """Our own containers: where, arguments, environment."""
    compose = documents(DEPLOY / "compose.yaml")[0]["services"]
    found = [(f"compose {n}", s["command"], s["environment"]) for n, s in compose.items() if s["image"].startswith("shelfcast")]
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in documents(path):
            if document.get("kind") in ("Deployment", "Job"):
                for one in document["spec"]["template"]["spec"]["containers"]:
                    found.append((path.name, one["args"], {e["name"]: e["value"] for e in one.get("env", ())}))
            if document.get("kind") == "ConfigMap":
                found.append((path.name, ["settings"], document["data"]))
    return found


@pytest.mark.parametrize(("where", "arguments", "environment"), containers(), ids=lambda value: value if isinstance(value, str) else "")
def test_containers_run_commands_and_settings_that_exist(where, arguments, environment):
    variables = {row["variable"] for row in rows()}
    assert arguments[0] in COMMANDS, where
    assert set(environment) <= variables, f"{where}: {set(environment) - variables}"


NEEDED = {
    "worker": {"shelfcast-kafka"},
    "topics": {"shelfcast-kafka"},
    "consume": {"shelfcast-kafka", "shelfcast-mongodb"},
    "gateway": {"shelfcast-kafka", "shelfcast"},
    "web": {"shelfcast-kafka", "shelfcast-mongodb", "shelfcast"},
}
"""The Kubernetes Secrets of each process."""


def test_all_four_processes_are_deployed_both_ways():
    started = [(where.split()[0], arguments[0]) for where, arguments, _ in containers()]
    for command in ("worker", "consume", "gateway", "web"):
        assert ("compose", command) in started
        assert (f"{command}.yaml", command) in started


def test_compose_publishes_on_loopback_only_and_holds_no_secret():
    compose = documents(DEPLOY / "compose.yaml")[0]
    for name, service in compose["services"].items():
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port}"
        assert "restart" in service, name
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|API_KEYS|MONGODB_URI", variable):
                assert ":?" in value, f"{name}: {variable} has a value in the file or starts without one"
    files = {
        source for service in compose["services"].values() for v in service.get("volumes", ()) if (source := v.split(":")[0])[0] == "."
    }
    assert files
    assert all((DEPLOY / file).exists() for file in files)


def test_pods_get_no_variables_from_service_names():
    """A service shelfcast-web would set SHELFCAST_WEB_PORT=tcp://10.0.0.1:8081, which is a setting of ours."""
    pods = [
        document["spec"]["template"]["spec"]
        for path in (DEPLOY / "kubernetes").glob("*.yaml")
        for document in documents(path)
        if document.get("kind") in ("Deployment", "Job")
    ]
    assert len(pods) == 5
    for pod in pods:
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        container = pod["containers"][0]
        secrets = {one["secretRef"]["name"] for one in container["envFrom"] if "secretRef" in one}
        assert secrets == NEEDED[container["args"][0]]


def test_compose_gives_each_process_only_the_secrets_that_it_needs():
    services = documents(DEPLOY / "compose.yaml")[0]["services"]
    given = {service["command"][0]: service["environment"] for service in services.values() if service.get("image") == "shelfcast:local"}
    assert {name for name, environment in given.items() if "MONGODB_URI" in environment} == {"consume", "web"}
    assert {name for name, environment in given.items() if "SHELFCAST_API_KEYS" in environment} == {"gateway", "web"}


def test_manifests_are_all_applied_and_hold_no_secret():
    listed = documents(DEPLOY / "kubernetes" / "kustomization.yaml")[0]["resources"]
    assert sorted([*listed, "kustomization.yaml"]) == sorted(path.name for path in (DEPLOY / "kubernetes").glob("*.yaml"))
    for name in listed:
        for document in documents(DEPLOY / "kubernetes" / name):
            assert document["kind"] != "Secret"
            if document["kind"] == "ConfigMap":
                assert not [key for key in document["data"] if re.search("PASSWORD|KEY|URI", key)]


def test_image_copies_what_exists_and_every_room():
    root, ignored = DEPLOY.parent, (DEPLOY.parent / ".dockerignore").read_text().split()
    copied = set()
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            copied |= set(shlex.split(line)[1:-1])
    assert {"streams", "online_model", "producers", "consumers", "charts", "workbench", "deploy"} <= copied
    for source in copied:
        assert (root / source).exists(), source
        assert f"!{source}" in ignored, f".dockerignore keeps {source} out"


def test_image_has_no_test_tools():
    names = set(re.findall(r"^([a-z0-9-]+)==", (DEPLOY.parent / "requirements" / "run.lock").read_text(), re.MULTILINE))
    assert {"faust-streaming", "river", "confluent-kafka", "pymongo"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "testcontainers", "nx-27017"}
