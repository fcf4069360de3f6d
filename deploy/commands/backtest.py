"""`shelfcast backtest`: how good the forecasts are on a file of sales."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands import known_ahead
from streams.contract.horizons import HORIZON_NAMES


def backtest(
    sales: Annotated[Path | None, typer.Option(help="CSV, NDJSON or Parquet file; default: the installed sample data.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that maps the columns, as for `replay`; default: a guess.")] = None,
    timezone: Annotated[
        str | None, typer.Option(envvar="SHELFCAST_TIMEZONE", help="Time zone of the business days, as in Europe/Berlin.")
    ] = None,
    country: Annotated[
        str | None, typer.Option(envvar="SHELFCAST_COUNTRY", help="Country or part of one for public holidays, as in DE or DE-NW.")
    ] = None,
    store_countries: Annotated[
        Path | None,
        typer.Option(envvar="SHELFCAST_STORE_COUNTRIES", help="CSV file of stores in other countries: columns store, country."),
    ] = None,
    horizons: Annotated[str, typer.Option(help=f"Which of {', '.join(HORIZON_NAMES)}.")] = ",".join(HORIZON_NAMES),
    last_days: Annotated[
        int | None,
        typer.Option(min=1, help="Score these days at the end; without it the last quarter, or as many as the longest horizon has."),
    ] = None,
    compare: Annotated[
        str,
        typer.Option(
            help="Contenders with commas: lightgbm, statsforecast, linear, ridge, gradient_boosting, adaboost, random_forest, river, "
            "or your own as my_model.py:Model."
        ),
    ] = "",
    promotions_known_ahead: known_ahead.Promotions = False,
    openings_known_ahead: known_ahead.Openings = False,
    partitions: Annotated[int, typer.Option(min=1, max=1000, help="Share the stores among this many models, as Kafka partitions do.")] = 1,
    demand: Annotated[
        Path | None, typer.Option(help="Of a file of events: write sold and estimated units by item and day to this CSV file.")
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="m5: the competition's rules. --sales is the folder of its tables; --compare, --json, --out and --track count."),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the scores to this file.")] = None,
    track: Annotated[bool, typer.Option("--track", help="Keep the run in MLflow: ./mlruns, or MLFLOW_TRACKING_URI.")] = False,
    chart: Annotated[Path | None, typer.Option(help="Draw the errors and three series into this PNG file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write scores, figure, data card and model card into this folder.")] = None,
) -> None:
    """Forecast each day of a file with the worker's own code, which knows only the days before it, and score the forecasts.

    From the first sale of a series on, days without a sale count too. Three baselines always run beside it: the mean of each
    weekday's last 8 open days, the seasonal naive, and simple smoothing.

    A file of events as they stand in sales.events is taken as it is. Then today's total is scored by the hour, too, and hours without
    stock are no demand of zero.

    \b
    Examples:
      shelfcast backtest
      shelfcast backtest --sales sales.csv --country DE --timezone Europe/Berlin --json scores.json --chart scores.png
      shelfcast backtest --sales sales.csv --country DE --store-countries stores.csv
      shelfcast backtest --sales events.ndjson --demand demand.csv
      shelfcast backtest --sales daily.csv --mapping daily.toml --promotions-known-ahead --compare lightgbm,statsforecast
      shelfcast backtest --sales daily.csv --country DE --promotions-known-ahead --openings-known-ahead
      shelfcast backtest --sales daily.csv --compare ridge,my_model.py:Model
      shelfcast backtest --protocol m5 --sales FOLDER --compare lightgbm --json m5.json
    """
    # Before NumPy is loaded: the matrices are small, so threads would only take turns and double the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from producers.announcements.known_ahead import KnownAhead  # noqa: PLC0415 - after the line above
    from workbench.backtest import run  # noqa: PLC0415

    if protocol is not None:
        _protocol(protocol, sales, compare, json, out, track=track)
        return
    options = run.Options(
        sales,
        mapping,
        timezone,
        country,
        horizons,
        last_days,
        compare,
        partitions,
        KnownAhead(promotions_known_ahead, openings_known_ahead),
        json,
        chart,
        store_countries,
        demand,
        track,
        out,
    )
    run.backtest(options, Console())


def _protocol(name: str, folder: Path | None, compare: str, json: Path | None, out: Path | None, *, track: bool) -> None:
    from streams.contract.errors import UsageError  # noqa: PLC0415 - after NumPy's environment is set
    from workbench.m5.run import Options, protocol  # noqa: PLC0415

    if name != "m5":
        raise UsageError(f"--protocol {name!r}: write m5.")
    if folder is None or not folder.is_dir():
        raise UsageError("--protocol m5 needs --sales FOLDER: the folder of M5's tables sales, sell_prices and calendar.")
    protocol(Options(folder, compare, json, out, track), Console())
