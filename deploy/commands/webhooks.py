"""`shelfcast webhooks`: sends chosen messages to other programs over HTTP."""

import signal
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from consumers.webhooks.hooks import read_hooks
from consumers.webhooks.service import WebhookService
from consumers.webhooks.webhooks_settings import WebhooksSettings
from deploy.connection import servers
from deploy.exposition import serve_metrics


def webhooks(
    file: Annotated[str | None, typer.Option(help="TOML file that names the webhooks; default: SHELFCAST_WEBHOOKS_FILE.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics on loopback; 0 takes a free one.")] = None,
) -> None:
    """POST forecasts, plans, scores or drift to other programs: signed, in order, tried again until they are taken.

    \b
    Example:
      cat > webhooks.toml <<'END'
      [[webhook]]
      name = "buyer"
      url = "https://buyer.example/hooks/shelfcast"
      secret_env = "BUYER_SECRET"
      types = ["drift-detected.v1", "shelf-allocation.v1"]
      END
      BUYER_SECRET=$(openssl rand -hex 24) shelfcast webhooks --file webhooks.toml
    """
    settings = WebhooksSettings.read(file=file, metrics_port=metrics_port)
    hooks = read_hooks(Path(settings.file))
    kafka, _ = servers(data_dir)
    registry = CollectorRegistry()
    service = WebhookService(kafka, hooks, settings.patience_hours * 3600, registry)
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    signal.signal(signal.SIGINT, lambda *_: service.stop())
    stop_metrics = serve_metrics(registry, "127.0.0.1", settings.metrics_port, "SHELFCAST_WEBHOOKS_METRICS_PORT")
    try:
        service.run()
    finally:
        stop_metrics()
