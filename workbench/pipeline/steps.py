"""A pipeline as its TOML file says it: steps, what each reads, and their order."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from streams.contract.errors import UsageError

COMMANDS: Final = ("ads", "backtest", "third-month")
"""What a step may run: commands that read files and write files, and talk to no server."""
_PLACE: Final = re.compile(r"\{([a-z0-9_-]+)\}")
_RESERVED: Final = ("out", "data")
DATA: Final = "{data}"
SHIPPED: Final = Path(__file__).parents[1] / "pipelines"
"""Pipelines that come with the program, by the names of their files."""
_NAME: Final = "^[a-z0-9][a-z0-9_-]{0,40}$"


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One step.

    In `arguments`, `{out}` is the step's own folder, `{NAME}` that of another step, which then runs before it, and `{data}` what the
    person names. inputs: files and folders whose content decides whether the step must run again; `{data}` may be one.
    """

    name: Annotated[str, Meta(pattern=_NAME)]
    command: str
    arguments: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def after(self) -> list[str]:
        """The steps whose folders the arguments name."""
        found = [name for argument in self.arguments for name in _PLACE.findall(argument) if name not in _RESERVED]
        return list(dict.fromkeys(found))

    def filled(self, folder: Path, data: Path | None = None) -> list[str]:
        """The arguments with folders in place of names; `folder` holds a folder for each step."""

        def place(match: re.Match[str]) -> str:
            if match[1] == "data":
                return str(data)
            return str(folder / (self.name if match[1] == "out" else match[1]))

        return [_PLACE.sub(place, argument) for argument in self.arguments]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=_NAME)]
    step: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps in an order in which they can run. folder: where the file stands; inputs and arguments are relative to it.

    data: what stands for `{data}`.
    """

    name: str
    steps: list[Step]
    folder: Path
    data: Path | None = None

    def input(self, name: str) -> Path:
        """The file or folder of an input."""
        return self.data if name == DATA and self.data is not None else self.folder / name


def pipeline_named(name: Path, data: Path | None = None) -> Pipeline:
    """The pipeline of a file, or one that comes with the program, which then runs where the person stands. Raises UsageError."""
    shipped = {file.stem: file for file in sorted(SHIPPED.glob("*.toml"))}
    if name.exists() or str(name) not in shipped:
        if not name.exists() and name.suffix != ".toml":
            raise UsageError(f"There is no pipeline {name}: name a TOML file, or one of {', '.join(shipped)}.")
        return read_pipeline(name, data)
    return read_pipeline(shipped[str(name)], data, Path.cwd())


def read_pipeline(file: Path, data: Path | None = None, folder: Path | None = None) -> Pipeline:
    """The pipeline of a TOML file. folder: where it runs; default: where the file stands. Raises UsageError with a sentence."""
    try:
        found = msgspec.convert(tomllib.loads(file.read_text()), _File)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file} is no pipeline: {error}. It needs a name and [[step]] tables with name and command.") from None
    by_name = {step.name: step for step in found.step}
    if len(by_name) < len(found.step) or by_name.keys() & set(_RESERVED) or not found.step:
        raise UsageError(f"{file}: give each step a name of its own, other than out and data; there must be at least one.")
    wants = any(DATA in text for step in found.step for text in (*step.arguments, *step.inputs))
    if wants != (data is not None):
        words = "reads {data}: name a file or folder with --data" if wants else "has no {data}: leave --data out"
        raise UsageError(f"{file} {words}.")
    if data is not None and not data.exists():
        raise UsageError(f"--data {data}: there is no such file or folder.")
    for step in found.step:
        if step.command not in COMMANDS:
            raise UsageError(f"{file}: step {step.name} runs {step.command!r}; a step may run {', '.join(COMMANDS)}.")
        unknown = [name for name in step.after if name not in by_name or name == step.name]
        if unknown:
            raise UsageError(f"{file}: step {step.name} names {{{unknown[0]}}}, and there is no such step before it.")
        missing = [name for name in step.inputs if name != DATA and not (file.parent / name).exists()]
        if missing:
            raise UsageError(f"{file}: step {step.name} reads {missing[0]}, and there is no such file in {file.absolute().parent}.")
    try:
        order = TopologicalSorter({step.name: step.after for step in found.step}).static_order()
        held = None if data is None else data.absolute()
        return Pipeline(found.name, [by_name[name] for name in order], folder or file.absolute().parent, held)
    except CycleError as error:
        raise UsageError(f"{file}: the steps {' -> '.join(error.args[1])} wait for each other.") from None
