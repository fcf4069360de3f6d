"""Keeps findings in MLflow: a local store, or the server of MLFLOW_TRACKING_URI; the model goes to its registry."""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streams.contract.errors import ServerError, UsageError
from workbench.tracking.findings import Findings, environment

EXPERIMENT: Final = "shelfcast"
LOCAL: Final = "mlruns"
MODEL: Final = "model"
FINGERPRINT: Final = "fingerprint"
CARD: Final = "model_card.md"
_AT_ONCE: Final = 100
_KIND: Final = {"mlflow.experimentKind": "custom_model_development"}
"""Without it MLflow's pages take the experiment for one of language models."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where findings are kept. version: of the model in the registry; 0: there was no model. link: leads to the run."""

    run: str
    uri: str
    link: str
    version: int
    fresh: bool

    def told(self, name: str) -> str:
        """A sentence."""
        if not self.version:
            return f"Kept in MLflow as run {self.run} at {self.uri}."
        model = f"version {self.version} of the model {name}" + ("" if self.fresh else ", which has this content already")
        return f"Kept in MLflow as run {self.run} at {self.uri}; {model}."


def check() -> None:
    """Raise UsageError unless MLflow is installed."""
    if importlib.util.find_spec("mlflow") is None:
        raise UsageError("--track needs a library that is not installed: pip install 'shelfcast[tracking]'")


@contextmanager
def opened(folder: Path | None = None) -> Iterator[tuple[Any, str]]:
    """MLflow's client, and where it keeps things. Raises UsageError, ServerError.

    folder: where the local store stands, if no server is named; default: the current one.
    """
    check()
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # It prints addresses, progress and waits of its own; we say where a run is kept.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
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
        yield MlflowClient(tracking_uri=uri, registry_uri=uri), uri
    except (MlflowException, OSError) as error:
        raise ServerError(f"MLflow at {uri} cannot be used: {error}. Check MLFLOW_TRACKING_URI.") from None


def track(findings: Findings, folder: Path | None = None) -> Kept:
    """Keep the findings, and their model in the registry. Raises UsageError, ServerError."""
    with opened(folder) as (client, uri):
        run = begin(client, findings.study)
        link = link_of(uri, run)
        _describe(client, run, findings)
        _keep_files(client, run, findings, link)
        client.set_terminated(run.info.run_id)
        version, fresh = _registered(client, run, findings)
        return Kept(str(run.info.run_id), uri, link, version, fresh)


def begin(client: Any, name: str, tags: dict[str, str] | None = None) -> Any:
    """Begin a run of our experiment."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    identity = experiment.experiment_id if experiment is not None else client.create_experiment(EXPERIMENT, tags=_KIND)
    return client.create_run(identity, run_name=name, tags=tags or {})


def link_of(uri: str, run: Any) -> str:
    """Where a person finds a run: a page of the server, or the folder of the local store."""
    if uri.startswith(("http://", "https://")):
        return f"{uri.rstrip('/')}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    return f"{uri.rstrip('/')}/{run.info.experiment_id}/{run.info.run_id}"


def _describe(client: Any, run: Any, findings: Findings) -> None:
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415

    identity, at = run.info.run_id, run.info.start_time
    tags = {f"data.{name}": value for name, value in findings.fingerprints.items()} | dict(findings.tags)
    if findings.states:
        tags[FINGERPRINT] = findings.model_fingerprint
    metrics = [Metric(name[:240], value, at, 0) for name, value in findings.metrics.items()]
    params = [Param(name[:240], str(value)[:5000]) for name, value in findings.parameters.items()]
    client.log_batch(identity, params=params[:_AT_ONCE], tags=[RunTag(name[:240], value) for name, value in tags.items()])
    for first in range(0, len(metrics), _AT_ONCE):
        client.log_batch(identity, metrics=metrics[first : first + _AT_ONCE])


def _keep_files(client: Any, run: Any, findings: Findings, link: str) -> None:
    identity = run.info.run_id
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "environment.json").write_text(json.dumps(environment(), indent=1) + "\n")
        for name, text in findings.pages.items():
            (folder / name).write_text(f"{text}\n- Run: {link}\n" if name == CARD else text)
        for file in sorted(folder.iterdir()):
            client.log_artifact(identity, str(file))
        for name, state in findings.states.items():
            (folder / name).write_bytes(state)
            client.log_artifact(identity, str(folder / name), MODEL)
    for path in findings.artifacts:
        if path.name not in findings.pages:
            client.log_artifact(identity, str(path))


def _registered(client: Any, run: Any, findings: Findings) -> tuple[int, bool]:
    """The version of the model, and whether it is new: a model with the same content keeps its version."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    if not findings.states:
        return 0, False
    name = findings.study
    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        client.create_registered_model(name)
    for version in client.search_model_versions(f"name='{name}'"):
        if version.tags.get(FINGERPRINT) == findings.model_fingerprint:
            return int(version.version), False
    source = f"{run.info.artifact_uri}/{MODEL}"
    made = client.create_model_version(name, source, run.info.run_id, tags={FINGERPRINT: findings.model_fingerprint})
    return int(made.version), True
