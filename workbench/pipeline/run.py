"""Runs a pipeline: a step whose inputs, arguments and program are as they were is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from charts.figures.draw import drawn
from streams.contract.errors import ShelfcastError, UsageError
from streams.files.whole_files import make_folder, write_whole
from workbench.pipeline.content import digest, of_files, of_program, outputs_of
from workbench.pipeline.graph import graph
from workbench.pipeline.steps import Pipeline, Step

Execute = Callable[[str, list[str], Path], int]
"""Runs a command with arguments in a folder; returns its exit code."""
RECORD: Final = "pipeline.json"
PICTURE: Final = "graph.svg"


class StepError(ShelfcastError):
    """A step failed, or gave other files than before."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step. state: `ran`, `kept` or `same` (run again, with the same files)."""

    name: str
    state: str
    key: str
    outputs: dict[str, str]


def run(pipeline: Pipeline, out: Path, execute: Execute, say: Callable[[str], None], *, again: bool = False) -> list[Done]:
    """Run what must be run. again: run every step and raise StepError if a file differs from that of the last run."""
    make_folder(out)
    before, program = _record(out / RECORD), of_program()
    done: dict[str, Done] = {}
    for step in pipeline.steps:
        key = _key(step, pipeline, program, done)
        known = before.get(step.name, {})
        folder = out / step.name
        fresh = known.get("key") == key and folder.is_dir() and outputs_of(folder) == known.get("outputs")
        if fresh and not again:
            done[step.name] = Done(step.name, "kept", key, known["outputs"])
        else:
            found = _run(step, pipeline, out, execute)
            if fresh:
                _compare(step.name, known["outputs"], found)
            done[step.name] = Done(step.name, "same" if fresh else "ran", key, found)
        say(f"{step.name}: {done[step.name].state}, {len(done[step.name].outputs)} files in {folder}")
        steps = {name: {"key": one.key, "outputs": one.outputs} for name, one in done.items()}
        write_whole(out / RECORD, json.dumps({"name": pipeline.name, "steps": before | steps}, indent=1) + "\n")
    write_whole(out / PICTURE, drawn(lambda: graph(pipeline, {name: one.state for name, one in done.items()}), "svg"))
    return list(done.values())


def _key(step: Step, pipeline: Pipeline, program: str, done: dict[str, Done]) -> str:
    """Of all that decides what a step writes."""
    inputs = [of_files(pipeline.input(name)) for name in step.inputs]
    earlier = [digest(part.encode() for pair in sorted(done[name].outputs.items()) for part in pair) for name in step.after]
    return digest(part.encode() for part in (program, step.name, step.command, *step.arguments, "", *step.inputs, "", *inputs, *earlier))


def _run(step: Step, pipeline: Pipeline, out: Path, execute: Execute) -> dict[str, str]:
    own = out / step.name
    shutil.rmtree(own, ignore_errors=True)
    make_folder(own)
    code = execute(step.command, step.filled(out.absolute(), pipeline.data), pipeline.folder)
    if code != 0:
        raise StepError(f"Step {step.name} failed: shelfcast {step.command} ended with {code}. Its words stand above.")
    return outputs_of(own)


def _compare(name: str, before: dict[str, str], now: dict[str, str]) -> None:
    different = sorted(file for file in before.keys() | now.keys() if before.get(file) != now.get(file))
    if different:
        raise StepError(f"Step {name} was run again and gave other files: {', '.join(different)}.")


def _record(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())["steps"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{file} cannot be read: remove it, and all steps run again.") from None
    return found
