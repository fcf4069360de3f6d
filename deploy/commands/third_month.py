"""`shelfcast third-month`: sales of the third month from the rate of interest and the sales of two months."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry
from rich.console import Console

from deploy.commands.default_command import with_default
from streams.contract.errors import UsageError
from streams.files.whole_files import write_whole
from workbench.third_month import report
from workbench.third_month.months import read_months
from workbench.third_month.question import ComplaintsError, question_of

app = typer.Typer(
    cls=with_default("measure"),
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Sales of the third month from the rate of interest and the sales of two months. `shelfcast third-month FILE` measures.",
)

File = Annotated[Path, typer.Argument(help="CSV with rate, sales_in_first_month, sales_in_second_month, sales_in_third_month.")]
Journal = Annotated[Path | None, typer.Option(help="Keep what the model learns in this file; without it a restart forgets it.")]


@app.command()
def measure(
    file: File,
    json: Annotated[Path | None, typer.Option("--json", help="Write the findings to this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write findings, figure, data card and model card into this folder.")] = None,
    track: Annotated[bool, typer.Option("--track", help="Keep the run and the model in MLflow: ./mlruns, or MLFLOW_TRACKING_URI.")] = False,
) -> None:
    """Clean the file, fit the regression, and compare its leave-one-out error with the mean and with "as last month".

    \b
    Examples:
      shelfcast third-month sales.csv
      shelfcast third-month sales.csv --json findings.json
      shelfcast third-month sales.csv --out study --track
    """
    findings = report.find(read_months(file))
    report.show(findings, Console())
    if json is not None:
        write_whole(json, json_module.dumps(findings.as_json(), indent=1) + "\n")
    if out is not None or track:
        from workbench.third_month.keeping import keep  # noqa: PLC0415 - matplotlib only for this

        for sentence in keep(findings, file, out, track=track):
            typer.echo(sentence)


@app.command()
def predict(
    file: File,
    rate: Annotated[str, typer.Option(help="Rate of interest, percent.")],
    first: Annotated[str, typer.Option(help="Sales of the first month.")],
    second: Annotated[str, typer.Option(help="Sales of the second month.")],
    journal: Journal = None,
) -> None:
    """Forecast one case.

    \b
    Examples:
      shelfcast third-month predict sales.csv --rate 5 --first 200 --second 250
    """
    from workbench.third_month.desk import Desk  # noqa: PLC0415 - reads the journal

    try:
        question = question_of({"rate": rate, "sales_in_first_month": first, "sales_in_second_month": second})
    except ComplaintsError as complaints:
        raise UsageError(str(complaints)) from None
    findings = report.find(read_months(file))
    answer = Desk(findings.cleaned.months, findings.best, journal).answer(question)
    bands = ", ".join(f"{band.level:.0%} interval {band.low:,.0f} to {band.high:,.0f}" for band in answer.intervals)
    console = Console()
    console.print(f"{answer.sales_in_third_month:,.0f} ({bands})", highlight=False)
    beside = f"The mean says {answer.mean:,.0f}, as last month {answer.as_last_month:,.0f}; nearest so far: {answer.best}."
    console.print(beside, highlight=False)
    for warning in answer.warnings:
        console.print(warning, style="dim", highlight=False)


@app.command()
def serve(
    file: File,
    journal: Journal = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    track: Annotated[
        bool, typer.Option("--track", help="Keep the run and the model in MLflow first; the card at /card links to it.")
    ] = False,
) -> None:
    """Serve a form for the browser and POST /third-month for programs, on this machine only.

    A question that gives the third month's true sales is answered first and then learned.

    \b
    Examples:
      shelfcast third-month serve sales.csv --journal learned.jsonl
      curl -H 'Content-Type: application/json' localhost:8083/third-month \\
        -d '{"rate": 5, "sales_in_first_month": 200, "sales_in_second_month": 250}'
    """
    from streams.http.bounds import Bounds  # noqa: PLC0415 - the server's parts only when it serves
    from streams.http.doorman import ConnectionMetrics  # noqa: PLC0415
    from streams.http.listening import serve as listen  # noqa: PLC0415
    from workbench.third_month.app import create_app  # noqa: PLC0415
    from workbench.third_month.desk import Desk  # noqa: PLC0415
    from workbench.third_month.keeping import card_of_served  # noqa: PLC0415
    from workbench.third_month.third_month_settings import ThirdMonthSettings  # noqa: PLC0415

    settings, bounds = ThirdMonthSettings.read(port=port), Bounds.read()
    findings = report.find(read_months(file))
    desk = Desk(findings.cleaned.months, findings.best, journal)
    metrics = ConnectionMetrics(CollectorRegistry(), "third_month")
    card = card_of_served(findings, file, track=track)
    listen(
        create_app(desk, card), settings.address, bounds, metrics, lambda address: typer.echo(f"shelfcast third-month listens on {address}")
    )
