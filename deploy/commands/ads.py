"""`shelfcast ads`: what drives conversions of advertisements, and where the next money earns most; of a file, and live."""

from __future__ import annotations

import importlib.util
import os
import signal
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands.default_command import with_default
from streams.contract.errors import DeliveryError, UsageError

app = typer.Typer(
    cls=with_default("study"),
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Conversions of ads: `shelfcast ads FILE` studies a file; publish, live and advice learn from reports as they come.",
)
Columns = Annotated[
    list[str] | None, typer.Option("--column", help="ROLE=COLUMN where the guess is wrong, as in spend=Kosten. May be repeated.")
]
DataDir = Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")]


@app.command()
def study(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or Parquet file, one row an ad, or an ad and day.")],
    out: Annotated[Path | None, typer.Option(help="Write figures, cards and all findings (ads.json) into this folder.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write a summary of the findings to this file.")] = None,
    repeats: Annotated[int, typer.Option(min=1, max=50, help="How often ads are dealt to five folds anew; no matter with dates.")] = 3,
    column: Columns = None,
    expect: Annotated[list[str] | None, typer.Option(help="NAME=SUM that must come out, as in clicks=38165. May be repeated.")] = None,
    track: Annotated[bool, typer.Option("--track", help="Keep the run in MLflow: ./mlruns, or MLFLOW_TRACKING_URI.")] = False,
) -> None:
    """Clean a file of ads, explore it, compare models of conversions, say what drives them and where the next 1,000 earn most.

    The roles of columns are guessed and said: impressions, clicks, spend, conversions, approved (the ones that count), date, and kinds of
    ads. With dates, models are judged on days after those they learned from; without, on campaigns that they have not seen.

    \b
    Examples:
      shelfcast ads ads.csv --out study
      shelfcast ads ads.csv --out study --json ads.json --expect clicks=38165
      shelfcast ads export.csv --column spend=Kosten --column approved=Orders
    """
    if importlib.util.find_spec("sklearn") is None:
        raise UsageError("shelfcast ads needs a library that is not installed: pip install 'shelfcast[workbench]'")
    from workbench.ads.run import Options  # noqa: PLC0415 - scikit-learn only for this command
    from workbench.ads.run import study as run_study  # noqa: PLC0415

    columns = dict(_pair(text, "--column") for text in column or ())
    expected = {name: _decimal(text) for name, text in (_pair(text, "--expect") for text in expect or ())}
    run_study(Options(file, out, json, repeats, columns, expected, track), Console())


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or Parquet file, one row an ad, or an ad and day.")],
    out: Annotated[Path, typer.Option(help="Write the rows that are left, checks.json and data_card.md into this folder.")],
    column: Columns = None,
) -> None:
    """Clean a file and check its sums; fit nothing.

    \b
    Example:
      shelfcast ads check ads.csv --out checked
    """
    from workbench.ads.run import check_file  # noqa: PLC0415 - matplotlib only for this command

    console = Console()
    columns = dict(_pair(text, "--column") for text in column or ())
    check_file(file, columns, out, lambda sentence: console.print(sentence, highlight=False, markup=False))


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or Parquet file, one row an ad and day.")],
    account: Annotated[str, typer.Option(help="Whose ads these are: the Kafka key.")],
    day: Annotated[str | None, typer.Option(help="Day of all rows, as in 2026-05-01, if the file has no dates.")] = None,
    column: Columns = None,
    data_dir: DataDir = None,
) -> None:
    """Publish the rows of a file as `ad-reported.v1` events, the oldest day first. A repeat changes nothing.

    \b
    Examples:
      shelfcast ads publish export.csv --account main
      shelfcast ads publish ads.csv --account main --day 2026-05-01
    """
    from deploy.connection import kafka_of  # noqa: PLC0415 - the study needs no server
    from producers.publisher import Publisher, PublisherSettings  # noqa: PLC0415
    from streams.contract.codec import encode  # noqa: PLC0415
    from streams.contract.topics import AD_EVENTS, AD_TOPICS  # noqa: PLC0415
    from streams.kafka.brokers import ensure_topics  # noqa: PLC0415
    from workbench.ads.reports import reports_of  # noqa: PLC0415
    from workbench.ads.table import read_ads  # noqa: PLC0415

    ads = read_ads(file, dict(_pair(text, "--column") for text in column or ()))
    reports = reports_of(ads, account, day)
    kafka = kafka_of(data_dir)
    ensure_topics(kafka, None, topics=AD_TOPICS)
    settings = PublisherSettings.read()
    seconds = settings.delivery_timeout_seconds
    with Publisher(kafka, settings, topic=AD_EVENTS) as publisher:
        try:
            keys = [account.encode()] * len(reports)
            publisher.publish_all(keys, [encode(report) for report in reports], wait_seconds=seconds).wait(seconds + 5)
        except DeliveryError as error:
            raise DeliveryError(f"{error} Run the same command again: a repeated report changes nothing.") from None
    for sentence in ads.told:
        typer.echo(sentence)
    typer.echo(
        f"{len(reports):,} reports of {reports[0].day} to {reports[-1].day} are in {AD_EVENTS}; {sum(ads.dropped.values()):,} rows dropped."
    )


@app.command()
def live(
    data_dir: DataDir = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics on loopback; 0 takes a free one.")] = None,
) -> None:
    """Learn from `ads.events` as they come, keep the accounts in MongoDB, publish `ads-advised.v1` to `ads.advice` as each day closes.

    It has topics and a consumer group of its own: sales do not wait for ads. Ctrl-C or SIGTERM stops it; after kill -9 it goes on exactly.

    \b
    Example:
      shelfcast ads live
    """
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - the study needs no server

    from consumers.ads.ads_settings import AdsSettings  # noqa: PLC0415
    from consumers.ads.service import AdsService  # noqa: PLC0415
    from deploy.connection import embedded_log_id, servers  # noqa: PLC0415
    from deploy.exposition import serve_metrics  # noqa: PLC0415

    settings, registry = AdsSettings.read(metrics_port=metrics_port), CollectorRegistry()
    kafka, mongo = servers(data_dir)
    embedded = not os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    service = AdsService(kafka, mongo, settings, registry, log_id=embedded_log_id(data_dir), drop_other_log=embedded)
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    signal.signal(signal.SIGINT, lambda *_: service.stop())
    stop_metrics = serve_metrics(registry, "127.0.0.1", settings.metrics_port, "SHELFCAST_ADS_METRICS_PORT")
    try:
        service.run()
    finally:
        stop_metrics()


@app.command()
def advice(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: the newest `ads-advised.v1` of each account.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show what live ads advised last, by account.

    \b
    Example:
      shelfcast ads advice
    """
    from consumers.ads.newest import newest_advice, tell  # noqa: PLC0415 - the study needs no server
    from deploy.connection import mongo_of  # noqa: PLC0415

    found = newest_advice(mongo_of(data_dir))
    if as_json:
        import msgspec  # noqa: PLC0415

        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
        return
    for line in tell(found):
        typer.echo(line)


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise UsageError(f"{option} {text!r}: write NAME=VALUE.")
    return name.strip(), value.strip()


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise UsageError(f"--expect: {text!r} is no number.") from None
