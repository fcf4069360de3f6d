"""`shelfcast ask`: a question in plain language, answered from MongoDB."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from charts.insight.answers.answer import Answer, Cell, decimals_of
from charts.insight.answers.asking import ask as answered
from charts.insight.questions.form import Form
from charts.insight.staff_settings import StaffSettings
from charts.queries.database import ReadOnlyDatabase
from deploy.connection import servers
from streams.contract.errors import UsageError

SHOWN = 50


def ask(
    questions: Annotated[list[str], typer.Argument(help="A question; further ones follow it up.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each question.")] = False,
    today: Annotated[str | None, typer.Option(help="Business date that today means; default: the newest one with sales.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> int:
    """Answer a question about sales, forecasts and their error. Exit code 0: answered; 1: not, and it says why.

    \b
    The answer shows the question as it was understood, the query, the rows, and how new the data are. An ambiguous question is answered
    with choices, an unknown one with questions nearby. Nothing is guessed: each word must have been understood.

    \b
    Examples:
      shelfcast ask "top 5 products by revenue last month"
      shelfcast ask "why did revenue fall in February"
      shelfcast ask "revenue by store last month" "and last year?" "only Leeds" --json
    """
    if today is not None:
        try:
            date.fromisoformat(today)
        except ValueError:
            raise UsageError(f"--today {today!r}: give a date, as in 2026-05-01.") from None
    _, mongo = servers(data_dir)
    database = ReadOnlyDatabase(mongo)
    before: Form | None = None
    staff = StaffSettings.read().allowed
    refused = False
    try:
        for question in questions:
            answer = answered(database, question, before, today, staff=staff)
            before, refused = answer.form or before, answer.refused
            if as_json:
                typer.echo(json.dumps(answer.shown(), ensure_ascii=False))
            else:
                _print(answer)
    finally:
        database.close()
    return 1 if refused else 0


def _print(answer: Answer) -> None:
    console = Console(highlight=False)
    if answer.refused:
        console.print(escape(answer.reason), soft_wrap=True)
        if answer.choices:
            console.print("Choose one:" if answer.ambiguous else "Questions nearby:")
            for choice in answer.choices:
                console.print(f"  {escape(choice)}", soft_wrap=True)
        return
    console.print(f"[bold]{escape(answer.understood)}[/]", soft_wrap=True)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in answer.columns:
        is_number = any(isinstance(row[answer.columns.index(column)], (int, float)) for row in answer.rows)
        table.add_column(escape(column.replace("_", " ")), justify="right" if is_number else "left")
    decimals = [decimals_of([row[place] for row in answer.rows]) for place in range(len(answer.columns))]
    for row in answer.rows[:SHOWN]:
        table.add_row(*(_cell(cell, places) for cell, places in zip(row, decimals, strict=True)))
    console.print(table if answer.rows else "(no rows)")
    if len(answer.rows) > SHOWN:
        console.print(f"... and {len(answer.rows) - SHOWN:,} more: --json shows all.")
    for note in answer.notes:
        console.print(f"[dim]{escape(note)}[/]", soft_wrap=True)
    mark = answer.watermark
    kept = (
        ""
        if answer.books is None
        else " The books agree."
        if answer.books["balanced"]
        else " Items and stores do NOT add up: see `shelfcast verify`."
    )
    console.print(
        f"[dim]Query: {escape(answer.query['form'])}. Data up to {mark['newest_day']}, {mark['sales_applied']:,} sale lines.{kept}[/]",
        soft_wrap=True,
    )


def _cell(cell: Cell, decimals: int) -> str:
    if cell is None:
        return "unknown"
    return escape(cell) if isinstance(cell, str) else f"{cell:,.{decimals}f}"
