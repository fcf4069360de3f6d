"""`shelfcast explain`: why a forecast is what it is, and why a day came otherwise."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from msgspec import json
from rich.console import Console
from rich.table import Table

from charts.figures.draw import FORMATS, drawn
from charts.figures.waterfall import TITLES, waterfall
from charts.insight.explanation import Explanation, explanation
from charts.queries.database import ReadOnlyDatabase
from charts.queries.explained import Explained
from deploy.connection import mongo_of
from streams.contract.codec import printable
from streams.contract.errors import UsageError
from streams.files.whole_files import make_folder, write_whole


def explain(
    store: Annotated[str, typer.Argument(help="The store.", show_default=False)],
    item: Annotated[str, typer.Argument(help="The item.", show_default=False)],
    day: Annotated[str | None, typer.Option(help="The day that was forecast; default: the day ahead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    out: Annotated[Path | None, typer.Option(help="Draw the parts into this folder, as explanation.png and .svg.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> int:
    """Say in three sentences why an item's forecast is what it is, with its parts, which add up. Exit code 1: there is no forecast.

    \b
    Of a day that has closed it also says why it came otherwise: what is known of the day, or how rare it is by chance. What a forecast was
    made of is kept for two weeks.

    \b
    Examples:
      shelfcast explain "Main Street" "Milk 1 l"
      shelfcast explain "Main Street" "Milk 1 l" --day 2026-05-01 --out why
      shelfcast explain "Main Street" "Milk 1 l" --json
    """
    if day is not None:
        try:
            date.fromisoformat(day)
        except ValueError:
            raise UsageError(f"--day {day!r}: give a date, as in 2026-05-01.") from None
    database = ReadOnlyDatabase(mongo_of(data_dir))
    try:
        told = explanation(database, store, item, day)
    finally:
        database.close()
    if told is None:
        typer.echo(f"There is no forecast of {printable(item)} in {printable(store)}{f' for {day}' if day else ''}.", err=True)
        return 1
    if as_json:
        typer.echo(json.encode(told).decode())
    else:
        _print(told)
    if out is not None:
        make_folder(out)
        for form in FORMATS:
            write_whole(out / f"explanation.{form}", drawn(lambda: waterfall(told.forecast), form))
            typer.echo(out / f"explanation.{form}", err=as_json)
    return 0


def _print(told: Explanation) -> None:
    console = Console(highlight=False)
    for sentence in [*told.sentences, *([told.looking_back.sentence] if told.looking_back else [])]:
        console.print(printable(sentence, 2000), soft_wrap=True, markup=False)
    if told.forecast.parts:
        console.print(_table(told.forecast))


def _table(told: Explained) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("part")
    table.add_column("units", justify="right")
    table.add_column("sum", justify="right")
    for part in told.parts:
        about = f" ({printable(told.holiday)})" if part.name == "holiday" and told.holiday else ""
        table.add_row(TITLES[part.name] + about, f"{part.units:,.3f}", f"{part.sum:,.3f}")
    return table
