"""`shelfcast settings`: lists every environment variable."""

import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, fields
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streams.contract.settings import IN_FILE, Secret

CLASSES: Final = (
    "streams.contract.settings:KafkaSettings",
    "streams.contract.settings:MongoSettings",
    "streams.contract.settings:WorkerSettings",
    "producers.publisher:PublisherSettings",
    "streams.contract.pseudonyms:PrivacySettings",
    "producers.gateway.gateway_settings:GatewaySettings",
    "streams.http.bounds:Bounds",
    "consumers.runtime.consumer_settings:ConsumeSettings",
    "consumers.replenishment.replenishment_settings:ReplenishSettings",
    "consumers.webhooks.webhooks_settings:WebhooksSettings",
    "consumers.ads.ads_settings:AdsSettings",
    "consumers.archive.archive_settings:ArchiveSettings",
    "charts.web.web_settings:WebSettings",
    "charts.insight.staff_settings:StaffSettings",
    "workbench.third_month.third_month_settings:ThirdMonthSettings",
    "deploy.process:ProcessSettings",
)


def rows() -> list[dict[str, str]]:
    """Name, default and meaning of every setting, by class."""
    out = []
    for place, f in _fields():
        default = "" if f.default is MISSING else str(f.default)
        out.append({"class": place, "variable": f.metadata["env"], "default": default, "meaning": f.metadata["meaning"]})
    return out


def values(environ: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows, each with the value in use and its source. Secrets are masked."""
    secret = {f.metadata["env"] for _, f in _fields() if f.type in (Secret, "Secret")}
    out = []
    for row in rows():
        text = environ.get(row["variable"], "")
        file = environ.get(row["variable"] + IN_FILE, "") if row["variable"] in secret else ""
        if text or file:
            value, source = ("***" if row["variable"] in secret else text), "environment" if text else f"file {file}"
        else:
            value, source = row["default"], "default" if row["default"] else "not set"
        out.append(row | {"value": value, "source": source})
    return out


def names() -> set[str]:
    """The variables that are settings, with those that name a file of a secret."""
    found = [f for _, f in _fields()]
    return {f.metadata["env"] for f in found} | {f.metadata["env"] + IN_FILE for f in found if f.type in (Secret, "Secret")}


def settings(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List every environment variable: the value in use, its source, its default and its meaning.

    Passwords, keys and addresses with passwords are shown as ***; each of them may stand in a file instead, which the variable with
    _FILE appended names. Variables marked * are part of the worker's state: another value
    means that the state is rebuilt from the log.
    """
    found = values(os.environ)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    table = Table("variable", "value", "from", "default", "meaning")
    table.columns[0].no_wrap = True
    for row in {row["variable"]: row for row in found}.values():
        table.add_row(*(escape(row[name]) for name in ("variable", "value", "source", "default", "meaning")))
    Console().print(table)


def _fields() -> list[tuple[str, Any]]:
    found = []
    for place in CLASSES:
        module, _, name = place.partition(":")
        found += [(name, f) for f in fields(getattr(import_module(module), name))]
    return found
