"""Findings in MLflow: in a local store, and on a real server where one is installed."""

import dataclasses
import importlib.util
import json
import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from streams.contract.errors import ServerError, UsageError
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.conftest import not_run
from tests.support.stand_ins import free_port
from tests.unit.third_month.test_third_month import SIX
from workbench.pipeline.content import of_files
from workbench.third_month.keeping import tracked
from workbench.third_month.months import read_months
from workbench.third_month.report import find
from workbench.tracking import mlflow_store, registry
from workbench.tracking.findings import Findings, environment, flat

OWN = Path(__file__).parents[3] / "build" / "mlflow" / "bin"
SERVER = os.environ.get("SHELFCAST_TESTS_MLFLOW") or shutil.which("mlflow", path=f"{OWN}{os.pathsep}{os.environ['PATH']}")
START_SECONDS = 240
SPARE = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # three more processes that no test asks for


@pytest.fixture
def client():
    if importlib.util.find_spec("mlflow") is None:
        not_run("tests of --track", "MLflow is not installed: pip install 'shelfcast[tracking]'")
        pytest.skip("needs MLflow")
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow.tracking import MlflowClient

    return lambda uri: MlflowClient(tracking_uri=uri)


def findings(folder):
    (folder / "ads.csv").write_text("spend\n1\n")
    (folder / "figure.png").write_bytes(b"\x89PNG")
    state = bytes(Processor(Rules(), 0, 1).dump())
    metrics = dict(flat({"day": {"shelfcast": {"wape": 0.1 + 0.2, "n": 3, "wql": None}}}))
    cards = {"model_card.md": "# Model"}
    return Findings(
        "ads", {"repeats": 3}, metrics, (folder / "ads.csv",), (folder / "figure.png",), {"state-0.bin": state}, pages=cards
    )  # fmt: skip


def read_back(client, found, tmp_path, store=None):
    """Keep the findings twice, read the first run back, and move its model through the stages."""
    kept = mlflow_store.track(found, store)
    assert (kept.version, kept.fresh) == (1, True)
    again = mlflow_store.track(found, store)
    assert (again.version, again.fresh, again.run == kept.run) == (1, False, False), "the same content is the same version"
    client = client(kept.uri)
    run = client.get_run(kept.run)
    assert run.data.metrics == {"day.shelfcast.wape": 0.1 + 0.2, "day.shelfcast.n": 3.0}, "to the last digit"
    assert run.data.params == {"repeats": "3"}
    assert run.data.tags["data.ads.csv"] == found.fingerprints["ads.csv"]
    assert run.info.status == "FINISHED"
    there = tmp_path / "back"
    there.mkdir()
    held = Path(client.download_artifacts(kept.run, "environment.json", str(there)))
    assert json.loads(held.read_text()) == environment()
    state = Path(client.download_artifacts(kept.run, "model/state-0.bin", str(there))).read_bytes()
    assert bytes(Processor.load(state, Rules(), 0, 1).dump()) == found.states["state-0.bin"]
    with pytest.raises(UsageError, match="in production"):
        registry.card("ads", store)
    assert registry.stage("ads", 1, "staging", store).stage == "staging"
    newer = dataclasses.replace(found, states={"state-0.bin": b"newer"})
    assert mlflow_store.track(newer, store).version == 2
    for version in (1, 2):
        registry.stage("ads", version, "production", store)
    assert [(one.version, one.stage) for one in registry.versions(store)] == [(2, "production"), (1, "archived")]
    card = registry.card("ads", store)
    link = registry.versions(store)[0].link
    assert f"Run: {link}" in card
    assert "# Model" in card
    assert link.endswith(registry.versions(store)[0].run)


def third_month_again(client, tmp_path, store=None):
    """Keep a run; then make it again from what MLflow holds and the data of its fingerprint: the same to the last digit."""
    (tmp_path / "six.csv").write_text(SIX)
    kept = tracked(find(read_months(tmp_path / "six.csv")), tmp_path / "six.csv")
    held = client(kept.uri).get_run(kept.run)
    assert held.data.tags["data.six.csv"] == of_files(tmp_path / "six.csv")
    again = find(read_months(tmp_path / "six.csv")).as_json()
    assert held.data.metrics == {name.replace(" ", "_"): value for name, value in flat(again["leave_one_out"])}
    model = json.loads(Path(client(kept.uri).download_artifacts(kept.run, "model/coefficients.json", str(tmp_path))).read_text())
    assert model["coefficients"] == again["coefficients"]


@pytest.mark.filterwarnings("default")
def test_a_run_in_a_local_store_is_read_back(tmp_path, client, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    read_back(client, findings(tmp_path), tmp_path, tmp_path)
    with pytest.raises(UsageError, match="no stage"):
        registry.stage("ads", 1, "live", tmp_path)
    with pytest.raises(UsageError, match="no version 7"):
        registry.stage("ads", 7, "staging", tmp_path)


@pytest.mark.filterwarnings("default")
def test_a_run_on_a_server_is_read_back(tmp_path, client, monkeypatch):
    if SERVER is None:
        not_run("the test on an MLflow server", "there is none: `make install-mlflow`, or name its command in SHELFCAST_TESTS_MLFLOW")
        pytest.skip("needs an MLflow server")
    port = free_port()
    command = [
        SERVER,
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/m.db",
    ]
    command += ["--artifacts-destination", str(tmp_path / "artifacts")]
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env=SPARE, start_new_session=True)
    try:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
                break
            except OSError:
                assert time.monotonic() < until, (tmp_path / "server.log").read_text()[-2000:]
                time.sleep(0.3)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
        read_back(client, findings(tmp_path), tmp_path)
        third_month_again(client, tmp_path)
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


@pytest.mark.filterwarnings("default")
def test_a_server_that_is_away_is_said(tmp_path, client, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ServerError, match="MLFLOW_TRACKING_URI"):
        mlflow_store.track(findings(tmp_path))


def test_without_the_library_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"shelfcast\[tracking\]"):
        mlflow_store.check()


def test_numbers_of_nested_json_are_named_by_their_place():
    assert dict(flat({"a": {"b c": 1, "d%": 2.5, "e": None, "f": True, "g": "x"}})) == {"a.b c": 1.0, "a.d_": 2.5}
