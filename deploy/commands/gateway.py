"""`shelfcast gateway`: the HTTP door for tills."""

from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from deploy.connection import kafka_of
from producers.gateway.app import create_app
from producers.gateway.gateway_settings import GatewaySettings
from producers.publisher import Publisher, PublisherSettings
from streams.contract.pseudonyms import PrivacySettings
from streams.http.bounds import Bounds
from streams.http.doorman import ConnectionMetrics
from streams.http.listening import serve


def gateway(
    host: Annotated[str | None, typer.Option(help="Address to listen on; other than loopback only with SHELFCAST_API_KEYS.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Accept sales over HTTP; answers 202 once Kafka has stored every line.

    \b
    Examples:
      shelfcast gateway
      SHELFCAST_API_KEYS=$(openssl rand -hex 24) shelfcast gateway --host 0.0.0.0 --port 8080
      curl -H 'Content-Type: application/json' localhost:8080/v1/sales -d '{"event_id": "till-3-000123",
        "store": "berlin-1", "item": "milk", "quantity": 2, "unit_price": 1.19, "sold_at": "2026-05-01T12:30:00+02:00"}'
    """
    settings, bounds = GatewaySettings.read(host=host, port=port), Bounds.read()
    pseudonyms = PrivacySettings.read().pseudonyms()
    kafka = kafka_of(data_dir)
    with Publisher(kafka, PublisherSettings.read()) as publisher:
        registry = CollectorRegistry()
        app = create_app(publisher, settings, registry, pseudonyms)
        metrics = ConnectionMetrics(registry, "gateway")
        serve(
            app,
            settings.address,
            bounds,
            metrics,
            lambda address: typer.echo(f"shelfcast gateway listens on {address} (see {address}/docs)"),
        )
