"""`shelfcast replay`: turns files and databases into sale events."""

import json
import os
import signal
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn

from deploy.commands import known_ahead
from deploy.connection import DEFAULT_DATA_DIR, kafka_of
from deploy.groups import ahead_of
from deploy.process import ProcessSettings
from producers.announcements.known_ahead import KnownAhead
from producers.publisher import Publisher, PublisherSettings
from producers.replay.ledger import Ledger
from producers.replay.pace import speed_of
from producers.replay.replay import Replay, ReplayOptions, ReplayProgress, ReplayResult
from producers.sources import completejourney
from producers.sources.database import Query
from producers.sources.files import Delimited
from producers.sources.guess import guess
from producers.sources.mapping import Mapping, read_mapping, written
from producers.sources.rows import Source
from producers.sources.shop_database import ShopDatabase
from producers.sources.shops import SHOPS
from producers.sources.wire import AS_IT_IS, WireEvents, open_events_or_table, told
from streams.contract.errors import UsageError
from streams.contract.pseudonyms import PrivacySettings
from streams.contract.settings import Secret, WorkerSettings
from streams.files.whole_files import make_folder, write_whole
from streams.kafka.brokers import metadata
from streams.kafka.lag import LagMeter

_console = Console(stderr=True)


def replay(
    source: Annotated[str | None, typer.Argument(help="A CSV, NDJSON or Parquet file (.gz too), or `completejourney`.")] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="TOML file that maps the columns, or a known schema: bikestores, northwind. Default: a guess, shown and written."
        ),
    ] = None,
    speed: Annotated[str, typer.Option(help="`max`, or how fast event time runs: 600x is an hour in 6 seconds.")] = "max",
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue where a replay of the same source stopped.")] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Read a shop's database from its beginning, not on from the last time.")
    ] = False,
    promotions_known_ahead: known_ahead.Promotions = False,
    openings_known_ahead: known_ahead.Openings = False,
    close_days: Annotated[
        bool | None,
        typer.Option(
            help="End with a clock tick for every store, so that the last day closes. Default: yes, but not for a shop's database."
        ),
    ] = None,
    max_lag: Annotated[int | None, typer.Option(min=100, help="Wait while worker or statistics lag by this many messages.")] = None,
    database: Annotated[str | None, typer.Option(help="SQLAlchemy URL; one with a password belongs into SHELFCAST_DATABASE.")] = None,
    query: Annotated[str | None, typer.Option(help="SQL whose rows are the sales; ORDER BY their time. Or name it in the mapping.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of progress files and of the embedded servers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Publish the rows of a file or a database as sale events, in order of time; bad rows go to a file with their reasons.

    The model learns the effect of promotions and closures only if they are announced: add --promotions-known-ahead and
    --openings-known-ahead to announce those in the history.

    \b
    Examples:
      shelfcast replay sales.csv
      shelfcast replay sales.csv.gz --mapping sales.toml --speed 600x
      shelfcast replay --database postgresql://reader@db/shop --query 'SELECT * FROM sales ORDER BY sold_at, id' --mapping sales.toml
      shelfcast replay --database postgresql://reader@db/shop --mapping shop.toml
      shelfcast replay daily.csv --promotions-known-ahead --openings-known-ahead
      shelfcast replay sales.csv --resume
    """
    folder = (data_dir or DEFAULT_DATA_DIR) / "replay"
    known, settings = KnownAhead(promotions_known_ahead, openings_known_ahead), WorkerSettings.read()
    mapped = _mapping(mapping)
    if query is None and source is None and mapped is not None and mapped.database is not None:
        database = database or ProcessSettings.read().database.reveal() or None
    options = ReplayOptions(
        speed=speed_of(speed),
        limit=limit,
        close_days=(mapped is None or mapped.database is None) if close_days is None else close_days,
        max_lag=max_lag,
        lateness_seconds=settings.lateness_minutes * 60,
        sort_folder=folder,
        known_ahead=known,
        timezone=settings.timezone,
    )
    if query is not None:
        database = database or ProcessSettings.read().database.reveal() or None
    rows, columns = _opened(source, mapped, database, query, folder)
    ledger = Ledger(folder, rows, columns, known, settings.timezone)
    if isinstance(rows, ShopDatabase):
        rows = replace(rows, since=ledger.read_on(from_start=from_start))
        if rows.since:
            _say("Reading on from where the last replay of this database stopped; --from-start reads all of it.")
    elif not resume:
        if ledger.exists():
            _console.print(
                "An earlier replay of this source left its progress; starting over (events sent twice count once). --resume continues it."
            )
        ledger.forget()
    pseudonyms = PrivacySettings.read().pseudonyms()
    kafka = kafka_of(data_dir)
    metadata(kafka)  # tells at once why Kafka cannot be used; publishing would only time out
    lag = LagMeter(kafka, ahead_of()) if max_lag is not None else None
    try:
        with Publisher(kafka, PublisherSettings.read()) as publisher, _bar() as bar:
            shown = _Shown(bar, rows, limit)
            result = Replay(
                rows, columns, publisher, options=options, ledger=ledger, lag=lag, progress=shown, say=_say, stop=_stop_on_signals(),
                pseudonyms=pseudonyms,
            ).run()  # fmt: skip
    finally:
        if lag is not None:
            lag.close()
    _tell(result, ledger, as_json=as_json)
    if not result.finished:
        raise typer.Exit(130)


def _mapping(named: Path | None) -> Mapping | None:
    """The mapping of a file, or of a schema that is known by its name."""
    if named is None:
        return None
    return read_mapping(SHOPS[str(named)] if str(named) in SHOPS and not named.exists() else named)


def _opened(source: str | None, mapping: Mapping | None, database: str | None, query: str | None, folder: Path) -> tuple[Source, Mapping]:
    """What to replay, and how its rows become sales."""
    if mapping is not None and mapping.database is not None and source is None and query is None and database is not None:
        return ShopDatabase(Secret(database), mapping.database), mapping
    if (source is None) == (query is None) or (query is None) != (database is None):
        raise UsageError(
            "Name one source: a file, or `completejourney`, or --database URL with --query SQL or with a --mapping that has [database]."
        )
    if source == "completejourney":
        journey = completejourney.load()
        _console.print(journey.about, highlight=False)
        return journey, journey.mapping
    if source is None:
        found: Source = Query(Secret(database or ""), query or "")
    else:
        found = open_events_or_table(Path(source), mapped=mapping is not None)
    if isinstance(found, WireEvents):
        _console.print(told(found.path), highlight=False, markup=False)
        return found, AS_IT_IS
    if isinstance(found, Delimited):
        _console.print(found.about, highlight=False, markup=False)
    return found, mapping or _guessed(found, folder)


def _guessed(source: Source, folder: Path) -> Mapping:
    first = next(source.read(), None)
    if first is None:
        raise UsageError(f"{source.name} has no rows.")
    found = guess(first, os.environ.get("SHELFCAST_TIMEZONE") or WorkerSettings.read().timezone)
    make_folder(folder)
    path = folder / f"{''.join(c if c.isalnum() or c in '-_.' else '_' for c in source.name)[-60:]}.guessed.toml"
    about = "Guessed from the names and the values of the columns.\n" + "\n".join(found.sentences)
    write_whole(path, written(found.mapping, about))
    _console.print(
        "No --mapping was given; guessed:", *(f"  {sentence}" for sentence in found.sentences), sep="\n", highlight=False, markup=False
    )
    _console.print(f"If that is wrong, correct {path} and pass it with --mapping.", highlight=False, markup=False)
    return found.mapping


def _bar() -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=_console, transient=False)


class _Shown:
    """The progress bar of a replay."""

    def __init__(self, bar: Progress, source: Source, limit: int | None) -> None:
        total = source.count()
        self._limit = limit if limit is not None and (total is None or limit < total) else None
        self._bar = bar
        self._task: TaskID = bar.add_task("reading", total=self._limit or total)

    def __call__(self, at: ReplayProgress) -> None:
        task = self._bar.tasks[0]
        rate = at.published / task.elapsed if task.elapsed else 0.0
        text = f"{at.published:,} events, {rate:,.0f}/s"
        text += f", at {datetime.fromtimestamp(at.at, UTC):%Y-%m-%d %H:%M}" if at.at else ""
        text += f", {at.bad:,} bad" if at.bad else ""
        text += f", {at.skipped:,} skipped" if at.skipped else ""
        text += f", waiting for {at.waiting_for}" if at.waiting_for else ""
        self._bar.update(self._task, completed=at.published if self._limit else at.rows, description=text)


def _say(sentence: str) -> None:
    _console.print(sentence, highlight=False, markup=False)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _tell(result: ReplayResult, ledger: Ledger, *, as_json: bool) -> None:
    bad_file = str(ledger.bad_path) if result.bad else None
    if as_json:
        told: dict[str, Any] = {
            "rows": result.rows,
            "published": result.published,
            "bad": result.bad,
            "skipped": result.skipped,
            "stores": result.stores,
            "ticks": result.ticks,
            "finished": result.finished,
            "sorted_by_time": result.by_time,
            "plans": result.plans,
            "late": result.late,
            "seconds": round(result.seconds, 3),
            "bad_file": bad_file,
        }
        typer.echo(json.dumps(told))
        return
    lines = [f"{result.published:,} events of {result.stores:,} stores published in {result.seconds:.1f} s."]
    lines += [f"{count:,} rows skipped: {reason}." for reason, count in result.skipped.items()]
    if result.plans:
        lines.append(f"{result.plans:,} of them are announcements, published before the days that they announce.")
    if result.late:
        lines.append(f"{result.late:,} events came out of order, by more than the worker waits for late ones.")
    if bad_file:
        lines.append(f"{result.bad:,} rows were not sales; {bad_file} has them, with the reasons.")
    if not result.finished:
        lines.append("Stopped before the end: the same command with --resume continues.")
    typer.echo("\n".join(lines))
