"""`shelfcast worker`: the stream processor."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from deploy.connection import kafka_of
from deploy.exposition import serve_metrics
from streams.contract.errors import ShelfcastError
from streams.contract.settings import KafkaSettings, WorkerSettings
from streams.kafka.quiet_log import limit_repeats
from streams.runtime.worker import Worker

log = logging.getLogger("shelfcast.worker")


def worker(
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics; 0 serves none.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone of the stores, as in Europe/Berlin.")] = None,
    country: Annotated[str | None, typer.Option(help="Country or part of one for public holidays, as in DE or DE-NW.")] = None,
    store_countries: Annotated[Path | None, typer.Option(help="CSV file of stores in other countries: columns store, country.")] = None,
    checkpoint_seconds: Annotated[float | None, typer.Option(help="Longest time between two snapshots.")] = None,
) -> None:
    """Learn from every sale, forecast when a day closes, and plan the shelf, until stopped (Ctrl-C or SIGTERM).

    Start up to as many workers as there are partitions; Kafka shares the partitions among them. A worker may be killed at any time:
    when it restarts, it continues from its newest snapshot and publishes the same messages again, which consumers drop by their ids.

    \b
    Examples:
      shelfcast worker
      shelfcast worker --timezone Europe/Berlin --country DE --store-countries stores.csv
      KAFKA_BOOTSTRAP_SERVERS=kafka:9092 shelfcast worker --timezone Europe/Berlin
    """
    kafka = kafka_of(data_dir)
    settings = WorkerSettings.read(
        metrics_port=metrics_port,
        timezone=timezone,
        country=country,
        store_countries=str(store_countries) if store_countries else None,
        checkpoint_seconds=checkpoint_seconds,
    )
    limit_repeats("aiokafka", "faust", "mode")
    run_loop(kafka, settings)


def run_loop(kafka: KafkaSettings, settings: WorkerSettings) -> NoReturn:
    """Run a worker on its own event loop until a signal or an error ends it, then end the process.

    When `run` returns, the worker has saved all it had to save. Only Faust's tasks and threads are left; they could wait for a broker
    forever, so the process does not wait for them.
    """
    loop = _loop_factory()()
    code = 0
    try:
        loop.run_until_complete(_run(kafka, settings))
    except ShelfcastError as error:
        log.critical("%s", error)
        code = error.exit_code
    except Exception:
        log.critical("ended by an unforeseen error; a restart continues from the newest snapshot", exc_info=True)
        code = 1
    logging.shutdown()
    os._exit(code)


async def _run(kafka: KafkaSettings, settings: WorkerSettings) -> None:
    process = Worker(kafka, settings)
    if settings.metrics_port:
        serve_metrics(process.metrics.registry, settings.metrics_host, settings.metrics_port, "SHELFCAST_WORKER_METRICS_PORT")
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, process.stop)
    await process.run(ready=lambda: log.info("started; Kafka at %s", kafka.bootstrap_servers))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop  # noqa: PLC0415  it is not there on Windows

    return uvloop.new_event_loop
