"""`shelfcast simulate`: publishes the sales of a made-up, seeded shop."""

import json
import signal
import threading
import time
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.connection import kafka_of
from deploy.groups import ahead_of
from producers.publisher import Publisher, PublisherSettings
from producers.replay.pace import speed_of
from producers.simulate.run_simulation import publish
from producers.simulate.simulator import ShopSettings, Simulation
from streams.contract.errors import UsageError
from streams.contract.money import decimal_of
from streams.kafka.brokers import metadata
from streams.kafka.lag import LagMeter


def simulate(
    seed: Annotated[int, typer.Option(help="The same seed and settings give the same bytes.")] = 1,
    stores: Annotated[int, typer.Option(min=1, max=10_000, help="Stores.")] = 3,
    items: Annotated[int, typer.Option(min=1, max=100_000, help="Items of each store.")] = 20,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days.")] = 28,
    lines: Annotated[float, typer.Option(min=0.1, max=1e6, help="Receipt lines per store and day, on average.")] = 300.0,
    first_day: Annotated[str | None, typer.Option(help="First business date, YYYY-MM-DD; default: the days end yesterday.")] = None,
    zone: Annotated[str, typer.Option(envvar="SHELFCAST_TIMEZONE", help="Time zone of the stores.")] = "UTC",
    returns: Annotated[float, typer.Option(min=0, max=1, help="Share of lines that are returned.")] = 0.01,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share of lines that arrive late.")] = 0.01,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Share of lines sent twice.")] = 0.01,
    poison: Annotated[float, typer.Option(min=0, max=1, help="Share of lines followed by an invalid one.")] = 0.0,
    shift_day: Annotated[int | None, typer.Option(min=0, help="Day number, from 0, on which the first 5 items' level shifts.")] = None,
    shift_factor: Annotated[float, typer.Option(min=0.01, max=100, help="By how much.")] = 1.5,
    speed: Annotated[str, typer.Option(help="`max`, or event time against wall time: 600x is an hour in 6 seconds.")] = "max",
    max_lag: Annotated[int | None, typer.Option(min=100, help="Wait while worker or statistics lag by this many messages.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was simulated as JSON.")] = False,
) -> None:
    """Publish the sales of a made-up shop: the test bed for drift and load, not a measure of forecast quality.

    It has arrivals, baskets, weekly and hourly profiles, announced promotions, stock counts, returns, late and duplicate events, and a
    level shift on a day you name. Records carry the event time.

    \b
    Examples:
      shelfcast simulate --days 60 --shift-day 40
      shelfcast simulate --stores 50 --lines 2000 --duplicates 0.05 --poison 0.001
      shelfcast simulate --speed 3600x
    """
    factor = speed_of(speed)
    settings = ShopSettings(
        seed=seed,
        stores=stores,
        items=items,
        days=days,
        lines_per_day=lines,
        first_day=_first_day(first_day, days),
        zone=zone,
        returns=returns,
        late=late,
        duplicates=duplicates,
        poison=poison,
        shift_day=shift_day,
        shift_factor=shift_factor,
    )
    simulation = Simulation(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    kafka = kafka_of(data_dir)
    metadata(kafka)  # tells at once why Kafka cannot be used; publishing would only time out
    lag = LagMeter(kafka, ahead_of()) if max_lag is not None else None
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    began = time.monotonic()
    with Publisher(kafka, PublisherSettings.read()) as publisher, Progress(*columns, console=Console(stderr=True)) as bar:
        start, task = simulation.midnight(0), bar.add_task("simulating", total=days * 86_400)

        def shown(events: int, at: float) -> None:
            rate = events / max(0.001, time.monotonic() - began)
            text = f"{events:,} events, {rate:,.0f}/s, at {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
            bar.update(task, completed=min(at - start, days * 86_400), description=text)

        messages = chain(simulation.events(), simulation.closing_ticks())
        finished = publish(messages, publisher, speed=factor, max_lag=max_lag, lag=lag, progress=shown, stop=stop)
    _tell(simulation, as_json=as_json)
    if not finished:
        raise typer.Exit(130)


def _first_day(text: str | None, days: int) -> date:
    if text is None:
        return datetime.now(UTC).date() - timedelta(days=days)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--first-day {text!r}: write a date such as 2026-01-05.") from None


def _tell(simulation: Simulation, *, as_json: bool) -> None:
    truth = simulation.truth
    told: dict[str, Any] = {name: count for name, count in asdict(truth).items() if isinstance(count, int) and not name.endswith("micros")}
    told |= {"units": sum(truth.units.values()), "revenue": decimal_of(truth.revenue_micros), "profit": decimal_of(truth.profit_micros)}
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(", ".join(f"{name} {count:,}" if isinstance(count, int) else f"{name} {count}" for name, count in told.items()))
