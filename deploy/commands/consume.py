"""`shelfcast consume`: writes sales and forecasts to MongoDB."""

import os
import signal
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from consumers.runtime.consumer_settings import ConsumeSettings
from consumers.runtime.service import ConsumerService
from deploy.connection import embedded_log_id, servers
from deploy.exposition import serve_metrics


def consume(
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics; 0 takes a free one.")] = None,
    batch_seconds: Annotated[float | None, typer.Option(help="Seconds after which a batch is written.")] = None,
) -> None:
    """Write accepted sales and forecasts to MongoDB, each exactly once, until stopped (Ctrl-C or SIGTERM).

    \b
    Examples:
      shelfcast consume
      KAFKA_BOOTSTRAP_SERVERS=kafka:9092 MONGODB_URI=mongodb://db:27017 shelfcast consume
    """
    kafka, mongo = servers(data_dir)
    settings = ConsumeSettings.read(metrics_port=metrics_port, batch_seconds=batch_seconds)
    registry = CollectorRegistry()
    log_id = embedded_log_id(data_dir)
    embedded = not os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    service = ConsumerService(kafka, mongo, settings, registry, log_id=log_id, drop_other_log=embedded)
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    signal.signal(signal.SIGINT, lambda *_: service.stop())
    stop_metrics = serve_metrics(registry, settings.metrics_host, settings.metrics_port, "SHELFCAST_CONSUME_METRICS_PORT")
    try:
        service.run()
    finally:
        stop_metrics()
