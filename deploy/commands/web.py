"""`shelfcast web`: the page, charts and predictions over HTTP."""

from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from charts.database import ReadOnlyDatabase
from charts.web.app import create_app
from charts.web.serve import serve
from charts.web.settings import WebSettings
from deploy.connection import servers


def web(
    host: Annotated[str | None, typer.Option(help="Address to listen on; other than loopback only with SHELFCAST_API_KEYS.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, where no broker is named.")] = None,
) -> None:
    """Show what was sold, what is expected and what to put on the shelf. Reads MongoDB only.

    \b
    Examples:
      shelfcast web --port 8081
      curl localhost:8081/predict
      curl 'localhost:8081/profit_by_item?top=10&from=2017-03-01' > profit.png
      curl -H 'Accept: application/json' localhost:8081/frequency_of_sale
    """  # noqa: D301 - \b is for click
    settings = WebSettings.read(host=host, port=port)
    _, mongo = servers(data_dir)
    database = ReadOnlyDatabase(mongo)
    try:
        app = create_app(database, settings, CollectorRegistry())
        serve(app, settings, lambda address: typer.echo(f"shelfcast web listens on {address} (API: {address}/docs)"))
    finally:
        database.close()
