"""`shelfcast workbench`: studies as files, rerun by one command."""

from __future__ import annotations

import os
import signal
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
    pipeline: Annotated[Path, typer.Argument(help="TOML file of steps, or a study that comes along: third-month, ads, m5.")],
    data: Annotated[Path | None, typer.Option(help="File or folder that stands for {data} in the steps.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results; default: build/NAME beside the file.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Run every step again, and fail if a file comes out differently.")] = False,
) -> None:
    """Run the steps of a pipeline. A step whose inputs, arguments and program are as they were is kept.

    \b
    Examples:
      shelfcast workbench run ads --data ads.csv
      shelfcast workbench run study.toml
      shelfcast workbench run study.toml --again
    """
    from workbench.pipeline.run import run as run_steps  # noqa: PLC0415 - matplotlib only for this command
    from workbench.pipeline.steps import pipeline_named  # noqa: PLC0415

    found, console = pipeline_named(pipeline, data), Console()
    folder = out if out is not None else found.folder / "build" / found.name
    run_steps(found, folder, _execute, lambda sentence: console.print(sentence, highlight=False, markup=False), again=again)
    console.print(f"The steps as a picture: {folder / 'graph.svg'}", highlight=False, markup=False)


@app.command()
def models() -> None:
    """List the models of the registry in MLflow: version, stage, run.

    \b
    Example:
      shelfcast workbench models
    """
    from workbench.tracking.registry import versions  # noqa: PLC0415 - MLflow only for this command

    found = versions()
    if not found:
        typer.echo("There is no model yet: ads, backtest and third-month keep theirs with --track.")
    for one in found:
        typer.echo(f"{one.name} {one.version} {one.stage} {one.link}")


@app.command()
def stage(
    name: Annotated[str, typer.Argument(help="Name of the model: ads, backtest, m5, third-month.")],
    version: Annotated[int, typer.Argument(min=1, help="Its version.")],
    to: Annotated[str, typer.Argument(help="none, staging, production or archived.")],
) -> None:
    """Move a version of a model to a stage. What was in production is archived.

    \b
    Example:
      shelfcast workbench stage backtest 3 production
    """
    from workbench.tracking.registry import stage as move  # noqa: PLC0415 - MLflow only for this command

    moved = move(name, version, to)
    typer.echo(f"{moved.name} {moved.version} is in stage {moved.stage}. Its run: {moved.link}")


@app.command()
def card(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Print the model card of the version in production, with a link to its run.

    \b
    Example:
      shelfcast workbench card backtest
    """
    from workbench.tracking.registry import card as card_of  # noqa: PLC0415 - MLflow only for this command

    typer.echo(card_of(name))


@app.command()
def track(
    card: Annotated[
        Path | None, typer.Option("--card", help="Write the card of the serving model into this file after each night.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Follow the live worker until stopped: its nightly scores go to one MLflow run, the same one after a restart.

    \b
    Examples:
      shelfcast workbench track
      MLFLOW_TRACKING_URI=http://mlflow:5000 shelfcast workbench track --card model_card.md
    """
    from consumers.runtime.identity import cluster_id  # noqa: PLC0415 - servers only for this command
    from deploy.connection import embedded_log_id, kafka_of  # noqa: PLC0415
    from workbench.tracking.live import LiveRun, Tracker  # noqa: PLC0415

    kafka = kafka_of(data_dir)
    kept = LiveRun(embedded_log_id(data_dir) or cluster_id(kafka), card)
    typer.echo(f"Nightly scores go to the MLflow run {kept.id}: {kept.link}")
    tracker = Tracker(kafka, kept)
    signal.signal(signal.SIGTERM, lambda *_: tracker.stop())
    signal.signal(signal.SIGINT, lambda *_: tracker.stop())
    tracker.run()


def _execute(command: str, arguments: list[str], folder: Path) -> int:
    """A process of its own for each step, so that nothing of one is left for the next."""
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))}
    return subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-m", "deploy.cli", command, *arguments], cwd=folder, env=environment, check=False
    ).returncode
