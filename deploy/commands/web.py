"""`shelfcast web`: serves the page, charts and predictions over HTTP."""

import time
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from charts.queries.database import ReadOnlyDatabase
from charts.web.app import create_app
from charts.web.pages.desk import Place
from charts.web.pages.keeping import MongoKeeps
from charts.web.people.records import MongoRecords
from charts.web.web_settings import WebSettings
from consumers.replenishment.replenishment_settings import ReplenishSettings
from deploy import what_if
from deploy.connection import servers
from deploy.desk_doors import doors
from deploy.training import routes
from deploy.training.trainer import Trainer
from online_model.shelf import ShelfSettings
from producers.gateway.door import Door
from producers.gateway.gateway_settings import GatewaySettings
from producers.gateway.telemetry import GatewayMetrics
from producers.publisher import Publisher, PublisherSettings
from streams.contract.settings import WorkerSettings
from streams.contract.topics import FORECASTS
from streams.http.bounds import Bounds
from streams.http.doorman import ConnectionMetrics
from streams.http.guard import Guard
from streams.http.listening import serve
from streams.http.rate import RateLimit
from streams.http.wrong_keys import WrongKeys
from streams.kafka.tail import Tail


def web(
    host: Annotated[str | None, typer.Option(help="Address to listen on; other than loopback only with SHELFCAST_API_KEYS.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Show what was sold, what is expected and what to put on the shelf. Reads MongoDB; only /add-data, /train and /retrain ask Kafka.

    \b
    Examples:
      shelfcast web --port 8081
      curl localhost:8081/predict
      curl 'localhost:8081/profit_by_item?top=10&from=2017-03-01' > profit.png
      curl -H 'Accept: application/json' localhost:8081/frequency_of_sale
    """
    settings, bounds = WebSettings.read(host=host, port=port), Bounds.read()
    kafka, mongo = servers(data_dir)
    database, registry, tail = ReadOnlyDatabase(mongo), CollectorRegistry(), Tail(kafka, FORECASTS)
    keeps = MongoKeeps(mongo)
    with Publisher(kafka, PublisherSettings.read()) as publisher:
        try:
            gate = GatewaySettings.read()
            metrics, rate = GatewayMetrics(registry), RateLimit(gate.rate_per_second, gate.rate_burst, time.monotonic)
            guard = Guard(gate.keyring(), WrongKeys(gate.wrong_keys_per_minute, time.monotonic))
            door = Door(publisher, gate, metrics, guard, rate)
            worker = WorkerSettings.read()
            trainer = Trainer(kafka, worker, database, publisher)
            place = Place(worker.timezone, worker.country.strip().upper())
            order = ReplenishSettings.read()
            ordering = ShelfSettings(service_level=order.service_level, lead_time_days=order.lead_time_days, review_days=order.review_days)
            app = create_app(
                database,
                settings,
                registry,
                [*routes.routes(trainer, door), what_if.route(kafka, ordering)],
                tail=tail,
                keeps=keeps,
                outside=doors(kafka, mongo, publisher, worker),
                place=place,
                ordering=ordering,
                records=MongoRecords(mongo) if settings.login or settings.key_book else None,
            )
            connections = ConnectionMetrics(registry, "web")
            serve(
                app,
                settings.address,
                bounds,
                connections,
                lambda address: typer.echo(f"shelfcast web listens on {address} (API: {address}/docs)"),
            )
        finally:
            tail.close()
            database.close()
            keeps.close()
