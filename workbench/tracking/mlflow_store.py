"""Keeps findings in MLflow: a local store, or the server of MLFLOW_TRACKING_URI."""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

from streams.contract.errors import ServerError, UsageError
from workbench.tracking.findings import Findings, environment

EXPERIMENT: Final = "shelfcast"
LOCAL: Final = "mlruns"
_AT_ONCE: Final = 100


def check() -> None:
    """Raise UsageError unless MLflow is installed."""
    if importlib.util.find_spec("mlflow") is None:
        raise UsageError("--track needs a library that is not installed: pip install 'shelfcast[tracking]'")


def track(findings: Findings, folder: Path | None = None) -> tuple[str, str]:
    """Keep the findings; returns the id of the run and where it is kept. Raises ServerError if the store cannot be used.

    folder: where the local store stands, if no server is named; default: the current one.
    """
    check()
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # A server that is away is said within seconds, not after minutes of tries.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not uri:
        # MLflow asks for this since it prefers a database to files.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        uri = ((folder or Path.cwd()) / LOCAL).absolute().as_uri()
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - only with --track
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    try:
        return _kept(MlflowClient(tracking_uri=uri), findings), uri
    except (MlflowException, OSError) as error:
        raise ServerError(f"MLflow at {uri} cannot be used: {error}. Check MLFLOW_TRACKING_URI.") from None


def _kept(client: Any, findings: Findings) -> str:
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415

    experiment = client.get_experiment_by_name(EXPERIMENT)
    identity = experiment.experiment_id if experiment is not None else client.create_experiment(EXPERIMENT)
    run = client.create_run(identity, run_name=findings.study)
    at = run.info.start_time
    tags = {f"data.{name}": value for name, value in findings.fingerprints.items()} | dict(findings.tags)
    metrics = [Metric(name[:240], value, at, 0) for name, value in findings.metrics.items()]
    params = [Param(name[:240], str(value)[:5000]) for name, value in findings.parameters.items()]
    client.log_batch(run.info.run_id, params=params[:_AT_ONCE], tags=[RunTag(name[:240], value) for name, value in tags.items()])
    for first in range(0, len(metrics), _AT_ONCE):
        client.log_batch(run.info.run_id, metrics=metrics[first : first + _AT_ONCE])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "environment.json"
        file.write_text(json.dumps(environment(), indent=1) + "\n")
        client.log_artifact(run.info.run_id, str(file))
        for name, state in findings.states.items():
            held = Path(folder) / name
            held.write_bytes(state)
            client.log_artifact(run.info.run_id, str(held), "model")
    for path in findings.artifacts:
        client.log_artifact(run.info.run_id, str(path))
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)
