"""The registry of models: which versions there are, at which stage, and the card of the one that serves."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streams.contract.errors import UsageError
from workbench.tracking.mlflow_store import CARD, FINGERPRINT, link_of, opened

STAGES: Final = ("none", "staging", "production", "archived")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model; link leads to its run."""

    name: str
    version: int
    stage: str
    run: str
    link: str
    fingerprint: str


def versions(folder: Path | None = None) -> list[Version]:
    """All versions, by name, the newest first. Raises UsageError, ServerError."""
    with opened(folder) as (client, uri), _quiet():
        found = [_version(client, uri, one) for model in client.search_registered_models() for one in _of(client, model.name)]
    return sorted(found, key=lambda one: (one.name, -one.version))


def stage(name: str, version: int, to: str, folder: Path | None = None) -> Version:
    """Move a version to a stage; a version that was in production before is archived. Raises UsageError, ServerError."""
    if to not in STAGES:
        raise UsageError(f"{to!r} is no stage: write {', '.join(STAGES)}.")
    with opened(folder) as (client, uri), _quiet():
        if version not in {int(one.version) for one in _of(client, name)}:
            raise UsageError(f"There is no version {version} of the model {name!r}: see `shelfcast workbench models`.")
        moved = client.transition_model_version_stage(name, str(version), to.capitalize(), archive_existing_versions=to == "production")
        if to == "production":
            # MLflow's pages show aliases where stages are no longer shown.
            client.set_registered_model_alias(name, "production", str(version))
        return _version(client, uri, moved)


def card(name: str, folder: Path | None = None) -> str:
    """The model card of the version in production, with a link to its run. Raises UsageError, ServerError."""
    with opened(folder) as (client, uri), _quiet():
        serving = [one for one in _of(client, name) if one.current_stage == "Production"]
        if not serving:
            raise UsageError(f"No version of the model {name!r} is in production: `shelfcast workbench stage {name} VERSION production`.")
        found = _version(client, uri, serving[0])
        head = f"{name}, version {found.version}, in production. Run: {found.link}\n\n"
        if not any(one.path == CARD for one in client.list_artifacts(found.run)):
            return head
        with tempfile.TemporaryDirectory() as held:
            return head + Path(client.download_artifacts(found.run, CARD, held)).read_text()


def _of(client: Any, name: str) -> list[Any]:
    return list(client.search_model_versions(f"name='{name}'"))


def _version(client: Any, uri: str, found: Any) -> Version:
    link = link_of(uri, client.get_run(found.run_id))
    return Version(found.name, int(found.version), found.current_stage.lower(), found.run_id, link, found.tags.get(FINGERPRINT, ""))


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # MLflow calls its stages old, and keeps them.
        warnings.simplefilter("ignore", FutureWarning)
        yield
