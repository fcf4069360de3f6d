"""`shelfcast settings`: every environment variable."""

import json
from dataclasses import MISSING, fields
from importlib import import_module
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

CLASSES: Final = (
    "streams.contract.settings:KafkaSettings",
    "streams.contract.settings:MongoSettings",
    "streams.contract.settings:WorkerSettings",
    "producers.publisher:PublisherSettings",
    "producers.gateway.settings:GatewaySettings",
    "streams.http.bounds:Bounds",
    "consumers.settings:ConsumeSettings",
    "charts.web.settings:WebSettings",
)


def rows() -> list[dict[str, str]]:
    """Name, default and meaning of every setting, by class."""
    out = []
    for place in CLASSES:
        module, _, name = place.partition(":")
        for f in fields(getattr(import_module(module), name)):
            default = "" if f.default is MISSING else str(f.default)
            out.append({"class": name, "variable": f.metadata["env"], "default": default, "meaning": f.metadata["meaning"]})
    return out


def settings(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List every environment variable, its default and its meaning.

    Those marked * are part of the worker's state: under another value the state is rebuilt from the log.
    """
    if as_json:
        typer.echo(json.dumps(rows(), indent=1))
        return
    table = Table("variable", "default", "meaning")
    for row in rows():
        table.add_row(row["variable"], row["default"], row["meaning"])
    Console().print(table)
