"""`shelfcast shelf`: describe a shelf, see its plan, simulate what planning earns."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.connection import kafka_of, mongo_of
from producers.sources.shelf_file import as_planned, read_shelf
from streams.contract.codec import encode, printable
from streams.contract.errors import ServerError, UsageError
from streams.files.spreadsheet import csv_text
from streams.files.whole_files import write_whole
from streams.kafka.brokers import metadata

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Describe a shelf, see its plan, simulate what planning earns.",
)

DataDir = Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")]
Store = Annotated[str | None, typer.Option(help="The store; default: the first one.")]
Name = Annotated[str | None, typer.Option("--shelf", help="The shelf; default: the first one.")]
File = Annotated[Path, typer.Argument(help="TOML or CSV file that describes the shelf; see docs/shelf.md.")]
DELIVERY_SECONDS = 30.0


@app.command()
def check(file: File) -> None:
    """Say what a shelf file describes and whether it can be planned; nothing is published.

    \b
    Examples:
      shelfcast shelf check dairy.toml
    """
    event = read_shelf(file, datetime.now(UTC))
    shelf = as_planned(event)
    table = Table("item", "width", "price", "cost", "case", "facings", "category", box=None, header_style="bold")
    for item, least, most in zip(event.items, shelf.min_facings.tolist(), shelf.max_facings.tolist(), strict=True):
        money = ["" if amount is None else f"{amount:.2f}" for amount in (item.price, item.cost)]
        facings = f"{least} to {most}"
        table.add_row(
            printable(item.item),
            f"{item.width:g}",
            *money,
            str(item.case_size),
            facings,
            printable(item.category or ""),
        )
    console = Console()
    console.print(table)
    console.print(
        f"{printable(event.shelf)} in {printable(event.store)}: {event.levels} levels of {event.level_width:g}, "
        f"{len(event.items)} items. It can be planned.",
        markup=False,
        highlight=False,
    )


@app.command()
def define(file: File, data_dir: DataDir = None) -> None:
    """Publish a shelf to the log, so that the store's next plan covers it. The newest definition of a shelf counts.

    \b
    Examples:
      shelfcast shelf define dairy.toml
    """
    from producers.publisher import Publisher, PublisherSettings  # noqa: PLC0415 - `check` needs no Kafka client

    event = read_shelf(file, datetime.now(UTC))
    kafka = kafka_of(data_dir)
    metadata(kafka)  # tells at once why Kafka cannot be used; publishing would only time out
    with Publisher(kafka, PublisherSettings.read()) as publisher:
        delivery = publisher.publish(event.store, encode(event))
        delivery.wait(DELIVERY_SECONDS)
    typer.echo(f"{printable(event.shelf)} in {printable(event.store)} is defined ({event.event_id}).")


@app.command()
def picture(
    out: Annotated[Path, typer.Option(help="File to write: .png or .svg; both if it has no ending.")] = Path("shelf"),
    file: Annotated[Path | None, typer.Option(help="The shelf's file, to draw widths and levels to scale.")] = None,
    store: Store = None,
    shelf: Name = None,
    levels: Annotated[int, typer.Option(min=1, max=50, help="Levels to draw, if no file is given.")] = 5,
    data_dir: DataDir = None,
) -> None:
    """Draw the newest plan of a shelf: facings to scale, coloured by profit per width, changes marked.

    \b
    Examples:
      shelfcast shelf picture --file dairy.toml --out dairy.svg
    """
    from charts.figures.draw import drawn  # noqa: PLC0415 - matplotlib is slow to import
    from charts.figures.shelf_picture import shelf_picture  # noqa: PLC0415
    from charts.queries.forecasts import incomplete  # noqa: PLC0415
    from deploy.shelf_plan import drawable  # noqa: PLC0415

    event = None if file is None else read_shelf(file, datetime.now(UTC))
    if event is not None:
        store, shelf = store or event.store, shelf or event.shelf
    newest = _newest_plan(data_dir, store, shelf)
    plan = drawable(newest, event, levels)
    ending = out.suffix.lower().removeprefix(".")
    if ending not in ("", "png", "svg"):
        raise UsageError(f"--out {out}: end it with .png or .svg.")
    forms: list[Any] = [ending] if ending else ["png", "svg"]
    for form in forms:
        path = out.with_suffix(f".{form}")
        write_whole(path, drawn(lambda: shelf_picture(plan), form))
        typer.echo(path)
    if incomplete(newest):
        typer.echo(incomplete(newest), err=True)


@app.command()
def show(store: Store = None, shelf: Name = None, data_dir: DataDir = None) -> None:
    """Print the newest plan of a shelf: facings, what they earn, why, and what to order.

    \b
    Examples:
      shelfcast shelf show --store Chicago
    """
    from charts.queries.forecasts import GAINS, incomplete, share_of_shelf  # noqa: PLC0415 - `check` needs no charts

    plan = _newest_plan(data_dir, store, shelf)
    table = Table("item", "sells a day", "% of shelf", "facings", "before", "profit a day", "one more", "order", box=None)
    for one in plan["items"]:
        money = [_shown(one.get(name), "{:.2f}") for name in ("profit_per_day", "marginal_profit")]
        counts = [_shown(one.get(name), "{:.0f}") for name in ("facings", "previous_facings")]
        sells, share = f"{one['predicted_sales']:.2f}", f"{share_of_shelf(one):.2f}"
        table.add_row(printable(one["item"]), sells, share, *counts, *money, _shown(one.get("order_units"), "{:g}"))
    console = Console()
    console.print(table)
    gains = [f"{words} {plan[name]:+,.2f}" for name, words in GAINS.items() if plan.get(name) is not None]
    if gains:
        console.print(f"Expected profit a day beyond {', '.join(gains)}.", markup=False, highlight=False)
    for sentence in plan.get("reasons", ()):
        console.print(f"- {printable(sentence, 400)}", markup=False, highlight=False)
    if incomplete(plan):
        typer.echo(incomplete(plan), err=True)


def _shown(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


@app.command()
def orders(store: Store = None, shelf: Name = None, data_dir: DataDir = None) -> None:
    """Print what to order now, by the newest plan, as CSV.

    \b
    Examples:
      shelfcast shelf orders --store Chicago > order.csv
    """
    from charts.queries.forecasts import incomplete  # noqa: PLC0415 - `check` needs no charts

    plan = _newest_plan(data_dir, store, shelf)
    if incomplete(plan):
        raise ServerError(f"{incomplete(plan)} Half a plan is not ordered from: try again when `shelfcast consume` has caught up.")
    ordered = [one for one in plan["items"] if one.get("order_units")]
    rows = ((plan["store"], plan["origin"], one["item"], f"{one['order_units']:g}") for one in ordered)
    typer.echo(csv_text(("store", "origin", "item", "units"), rows), nl=False)


def _newest_plan(data_dir: Path | None, store: str | None, shelf: str | None) -> dict[str, Any]:
    from charts.queries.database import ReadOnlyDatabase  # noqa: PLC0415
    from charts.queries.forecasts import newest_plans  # noqa: PLC0415

    mongo = mongo_of(data_dir)
    database = ReadOnlyDatabase(mongo)
    try:
        plans = newest_plans(database, store)
    finally:
        database.close()
    found = [plan for plan in plans if shelf is None or plan["shelf"] == shelf]
    if not found:
        known = ", ".join(f"{p['shelf']} in {p['store']}" for p in plans[:8]) or "none yet: a plan comes when a day closes"
        raise UsageError(f"No plan of shelf {shelf or 'any'} in store {store or 'any'}. Plans there are: {printable(known)}.")
    # A described shelf says more than the shares of a whole store.
    return min(found, key=lambda plan: (plan["items"][0].get("facings") is None, plan["store"], plan["shelf"]))


@app.command()
def simulate(
    shelves: Annotated[int, typer.Option(min=1, max=40, help="Categories to simulate, a shelf each.")] = 12,
    items: Annotated[int, typer.Option(min=2, max=200, help="Items on each shelf, those that sell most.")] = 40,
    facings: Annotated[float, typer.Option(min=1.1, max=50, help="Facings per item that a shelf has room for, on average.")] = 4.0,
    elasticity: Annotated[float, typer.Option(min=0.01, max=0.9, help="Space elasticity of the simulated customers.")] = 0.17,
    believed: Annotated[
        float | None, typer.Option(min=0.01, max=0.9, help="Space elasticity that the plan assumes; default: the same.")
    ] = None,
) -> None:
    """Plan shelves over the last quarter of completejourney's real demand, against simpler rules; makes the table in docs/shelf.md.

    \b
    Examples:
      shelfcast shelf simulate
      shelfcast shelf simulate --elasticity 0.10 --believed 0.17
    """
    from workbench.shelf.simulation import Setup, run, table  # noqa: PLC0415 - pandas is slow to import

    setup = Setup(shelves, items, facings, elasticity, elasticity if believed is None else believed)
    for line in table(run(setup), setup):
        typer.echo(line)
