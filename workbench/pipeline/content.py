"""Fingerprints of what a step reads and writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import workbench

UNTIMED: Final = ("seconds", "megabytes")
"""Fields of JSON that no rerun repeats: they are not compared."""


def digest(parts: Iterable[bytes]) -> str:
    """SHA-256 of parts, whose boundaries count."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.hexdigest()


def of_files(path: Path) -> str:
    """Of a file, or of all files of a folder with their names."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return digest(part for file in files for part in (str(file.relative_to(path)).encode(), file.read_bytes()))
    return digest([path.read_bytes()])


def of_program() -> str:
    """Of the workbench's own code: a step is run again when that has changed."""
    root = Path(workbench.__file__).parent
    return digest(part for file in sorted(root.rglob("*.py")) for part in (str(file.relative_to(root)).encode(), file.read_bytes()))


def outputs_of(folder: Path) -> dict[str, str]:
    """Fingerprints of a step's files, by name; times and memory in JSON do not count."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): digest([_lasting(file)]) for file in files}


def _lasting(file: Path) -> bytes:
    data = file.read_bytes()
    if file.suffix == ".json":
        try:
            return json.dumps(_untimed(json.loads(data)), sort_keys=True).encode()
        except ValueError:
            return data
    return data


def _untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _untimed(inner) for name, inner in value.items() if name not in UNTIMED}
    return [_untimed(inner) for inner in value] if isinstance(value, list) else value
