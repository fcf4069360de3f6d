"""Findings in MLflow: in a local store, and on a real server where one is installed."""

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
from workbench.tracking import mlflow_store
from workbench.tracking.findings import Findings, environment, flat

SERVER = os.environ.get("SHELFCAST_TESTS_MLFLOW") or shutil.which("mlflow")
START_SECONDS = 240


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
    return Findings("ads", {"repeats": 3}, metrics, (folder / "ads.csv",), (folder / "figure.png",), {"state-0.bin": state})


def read_back(client, identity, found, tmp_path):
    run = client.get_run(identity)
    assert run.data.metrics == {"day.shelfcast.wape": 0.1 + 0.2, "day.shelfcast.n": 3.0}, "to the last digit"
    assert run.data.params == {"repeats": "3"}
    assert run.data.tags["data.ads.csv"] == found.fingerprints["ads.csv"]
    assert run.info.status == "FINISHED"
    there = tmp_path / "back"
    there.mkdir()
    held = Path(client.download_artifacts(identity, "environment.json", str(there)))
    assert json.loads(held.read_text()) == environment()
    state = Path(client.download_artifacts(identity, "model/state-0.bin", str(there))).read_bytes()
    assert bytes(Processor.load(state, Rules(), 0, 1).dump()) == found.states["state-0.bin"]


@pytest.mark.filterwarnings("default")
def test_a_run_in_a_local_store_is_read_back(tmp_path, client, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    found = findings(tmp_path)
    identity, uri = mlflow_store.track(found, tmp_path)
    read_back(client(uri), identity, found, tmp_path)


@pytest.mark.filterwarnings("default")
def test_a_run_on_a_server_is_read_back(tmp_path, client, monkeypatch):
    if SERVER is None:
        not_run("the test on an MLflow server", "there is no command mlflow: name one in SHELFCAST_TESTS_MLFLOW")
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
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True)
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
        found = findings(tmp_path)
        identity, uri = mlflow_store.track(found)
        read_back(client(uri), identity, found, tmp_path)
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
