"""What is kept of a study, whichever it was."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from workbench.pipeline.content import digest, of_files

_LIBRARIES: Final = ("shelfcast", "numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "river")


@dataclass(frozen=True, slots=True)
class Findings:
    """One run of a study.

    study: its command, and the name of its model. parameters: options and what was chosen. metrics: numbers by name. data: the files or
    folders that were read. artifacts: files that were written. states: the model as data, bytes by the name of a file. pages: texts by
    the name of a file, such as cards; the card of the model gets a link to its run.
    """

    study: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    data: tuple[Path, ...]
    artifacts: tuple[Path, ...] = ()
    states: Mapping[str, bytes] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of what was read, by name."""
        return {path.name: of_files(path) for path in self.data}

    @property
    def model_fingerprint(self) -> str:
        """SHA-256 of the model."""
        return digest(part for name in sorted(self.states) for part in (name.encode(), self.states[name]))


def environment() -> dict[str, str]:
    """Versions of Python and of the libraries that decide a result."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def flat(found: Any, before: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of nested JSON, by names joined with points; MLflow's letters only."""
    if isinstance(found, bool):
        return
    if isinstance(found, int | float):
        yield before, float(found)
    elif isinstance(found, Mapping):
        for name, value in found.items():
            plain = "".join(c if c.isalnum() or c in "_-. /" else "_" for c in str(name))
            yield from flat(value, f"{before}.{plain}" if before else plain)
