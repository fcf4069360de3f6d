"""`shelfcast up`: runs everything for one shop on this machine."""

import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from charts.web.web_settings import WebSettings
from consumers.runtime.consumer_settings import ConsumeSettings
from deploy.connection import DEFAULT_DATA_DIR, servers
from deploy.supervisor import Supervisor, title
from producers.gateway.gateway_settings import GatewaySettings
from producers.publisher import PublisherSettings
from streams.contract.errors import ShelfcastError
from streams.contract.settings import WorkerSettings
from streams.kafka.brokers import check_topics
from streams.runtime.countries import countries_of


def up(
    timezone: Annotated[str | None, typer.Option(help="Time zone of the stores, as in Europe/Berlin.")] = None,
    country: Annotated[str | None, typer.Option(help="Country or part of one for public holidays, as in DE or DE-NW.")] = None,
    store_countries: Annotated[Path | None, typer.Option(help="CSV file of stores in other countries: columns store, country.")] = None,
    gateway_port: Annotated[
        int | None, typer.Option(help="Port of the HTTP door for tills; default: SHELFCAST_GATEWAY_PORT, 8080.")
    ] = None,
    web_port: Annotated[int | None, typer.Option(help="Port of the web page; default: SHELFCAST_WEB_PORT, 8081.")] = None,
    data_dir: Annotated[Path, typer.Option(help="Directory of the embedded servers and of the logs.")] = DEFAULT_DATA_DIR,
) -> None:
    """Run gateway, worker, consumers and web page until Ctrl-C; each is restarted when it dies.

    The embedded Kafka keeps its log in memory, which ends with this command. If a shop must keep its history, name real servers with
    KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI.

    \b
    Examples:
      shelfcast up --timezone Europe/Berlin --country DE
      curl -X POST localhost:8080/add-data -H 'Content-Type: application/json' \\
           -d '[{"name": 2, "buy": 50, "profit": 20, "time": 1735552800}]'
    """
    console = Console()
    file = str(store_countries) if store_countries else None
    countries_of(WorkerSettings.read(timezone=timezone, country=country, store_countries=file))  # before anything is started
    gateway, web = GatewaySettings.read(port=gateway_port), WebSettings.read(port=web_port)
    ConsumeSettings.read()
    PublisherSettings.read()
    kafka, mongo = servers(data_dir)
    check_topics(kafka)
    supervisor = Supervisor(data_dir / "logs")
    where = ["--data-dir", str(data_dir)]
    worker = ["worker", *where]
    if timezone:
        worker += ["--timezone", timezone]
    if country:
        worker += ["--country", country]
    if file:
        worker += ["--store-countries", file]
    try:
        supervisor.start("worker", *worker)
        supervisor.start("consume", "consume", *where)
        supervisor.start("gateway", "gateway", "--port", str(gateway.port), *where)
        named = {"SHELFCAST_TIMEZONE": timezone, "SHELFCAST_COUNTRY": country, "SHELFCAST_STORE_COUNTRIES": file}
        place = {name: value for name, value in named.items() if value}
        supervisor.start("web", "web", "--port", str(web.port), *where, environment=place)
        console.print(
            f"Kafka {kafka.bootstrap_servers}, MongoDB {mongo.shown}\n"
            f"tills: POST http://{gateway.host}:{gateway.port}/v1/sales   page: http://{web.host}:{web.port}/   logs: {data_dir / 'logs'}\n"
            "Ctrl-C stops everything.",
            highlight=False,
        )
        stop = threading.Event()
        while not stop.wait(1.0):
            name = supervisor.given_up
            if name is not None:
                raise ShelfcastError(f"The {title(name)} keeps stopping. Its last words:\n{supervisor.last_words(name)}")
    finally:
        supervisor.stop()
