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
_NAME: Final = "^[a-z0-9][a-z0-9_-]{0,40}$"


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One step.

    In `arguments`, `{out}` is the step's own folder and `{NAME}` that of another step, which then runs before it. inputs: files and
    folders whose content decides whether the step must run again.
    """

    name: Annotated[str, Meta(pattern=_NAME)]
    command: str
    arguments: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def after(self) -> list[str]:
        """The steps whose folders the arguments name."""
        found = [name for argument in self.arguments for name in _PLACE.findall(argument) if name != "out"]
        return list(dict.fromkeys(found))

    def filled(self, folder: Path) -> list[str]:
        """The arguments with folders in place of names; `folder` holds a folder for each step."""

        def place(match: re.Match[str]) -> str:
            return str(folder / (self.name if match[1] == "out" else match[1]))

        return [_PLACE.sub(place, argument) for argument in self.arguments]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=_NAME)]
    step: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps in an order in which they can run. folder: where the file stands; inputs and arguments are relative to it."""

    name: str
    steps: list[Step]
    folder: Path


def read_pipeline(file: Path) -> Pipeline:
    """The pipeline of a TOML file. Raises UsageError with a sentence."""
    try:
        found = msgspec.convert(tomllib.loads(file.read_text()), _File)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file} is no pipeline: {error}. It needs a name and [[step]] tables with name and command.") from None
    by_name = {step.name: step for step in found.step}
    if len(by_name) < len(found.step) or "out" in by_name or not found.step:
        raise UsageError(f"{file}: give each step a name of its own, other than out; there must be at least one.")
    for step in found.step:
        if step.command not in COMMANDS:
            raise UsageError(f"{file}: step {step.name} runs {step.command!r}; a step may run {', '.join(COMMANDS)}.")
        unknown = [name for name in step.after if name not in by_name or name == step.name]
        if unknown:
            raise UsageError(f"{file}: step {step.name} names {{{unknown[0]}}}, and there is no such step before it.")
        missing = [name for name in step.inputs if not (file.parent / name).exists()]
        if missing:
            raise UsageError(f"{file}: step {step.name} reads {missing[0]}, and there is no such file in {file.absolute().parent}.")
    try:
        order = TopologicalSorter({step.name: step.after for step in found.step}).static_order()
        return Pipeline(found.name, [by_name[name] for name in order], file.absolute().parent)
    except CycleError as error:
        raise UsageError(f"{file}: the steps {' -> '.join(error.args[1])} wait for each other.") from None
