"""`shelfcast replenish`: writes purchase orders from forecasts."""

import signal
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from consumers.replenishment.replenishment_settings import ReplenishSettings
from consumers.replenishment.service import ReplenishmentService
from deploy.connection import servers
from deploy.exposition import serve_metrics


def replenish(
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
    orders_dir: Annotated[Path | None, typer.Option(help="Directory of the orders' CSV files.")] = None,
    service_level: Annotated[float | None, typer.Option(help="Probability of no stock-out, for items of unknown price or cost.")] = None,
    lead_time_days: Annotated[float | None, typer.Option(help="Days from an order to its goods on the shelf.")] = None,
    review_days: Annotated[float | None, typer.Option(help="Days between two orders.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics on loopback; 0 takes a free one.")] = None,
) -> None:
    """Write purchase orders to MongoDB and CSV from the forecasts, each once, until stopped (Ctrl-C or SIGTERM).

    \b
    Examples:
      shelfcast replenish --orders-dir orders
      SHELFCAST_LEAD_TIME_DAYS=2 shelfcast replenish
    """
    settings = ReplenishSettings.read(
        directory=None if orders_dir is None else str(orders_dir),
        service_level=service_level,
        lead_time_days=lead_time_days,
        review_days=review_days,
        metrics_port=metrics_port,
    )
    kafka, mongo = servers(data_dir)
    registry = CollectorRegistry()
    service = ReplenishmentService(kafka, mongo, settings, registry)
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    signal.signal(signal.SIGINT, lambda *_: service.stop())
    stop_metrics = serve_metrics(registry, "127.0.0.1", settings.metrics_port, "SHELFCAST_REPLENISH_METRICS_PORT")
    try:
        service.run()
    finally:
        stop_metrics()
