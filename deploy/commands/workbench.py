"""`shelfcast workbench`: studies as files, rerun by one command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Studies as files, rerun by one command.",
)


@app.callback()
def _group() -> None:
    """Studies as files, rerun by one command."""


@app.command()
def run(
    pipeline: Annotated[Path, typer.Argument(help="TOML file of steps; see docs/workbench.md.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the results; default: build/NAME beside the file.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Run every step again, and fail if a file comes out differently.")] = False,
) -> None:
    """Run the steps of a pipeline. A step whose inputs, arguments and program are as they were is kept.

    \b
    Examples:
      shelfcast workbench run ads.toml
      shelfcast workbench run ads.toml --again
    """
    from workbench.pipeline.run import run as run_steps  # noqa: PLC0415 - matplotlib only for this command
    from workbench.pipeline.steps import read_pipeline  # noqa: PLC0415

    found, console = read_pipeline(pipeline), Console()
    folder = out if out is not None else found.folder / "build" / found.name
    run_steps(found, folder, _execute, lambda sentence: console.print(sentence, highlight=False, markup=False), again=again)
    console.print(f"The steps as a picture: {folder / 'graph.svg'}", highlight=False, markup=False)


def _execute(command: str, arguments: list[str], folder: Path) -> int:
    """A process of its own for each step, so that nothing of one is left for the next."""
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))}
    return subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-m", "deploy.cli", command, *arguments], cwd=folder, env=environment, check=False
    ).returncode
