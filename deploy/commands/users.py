"""`shelfcast users`: adds, lists and removes the people who use the page."""

import getpass
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from charts.web.people.records import MongoRecords, records_at
from charts.web.people.users import ROLES, new_user
from deploy.connection import mongo_of
from streams.contract.errors import UsageError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="Add, list and remove users of the page."
)

DataDir = Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no database is named.")]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Name to log in with: small letters, digits, and . _ @ -.")],
    role: Annotated[str, typer.Option(help="viewer: sees; manager: also plans and decides; operator: may do everything.")] = "viewer",
    store: Annotated[list[str] | None, typer.Option(help="A store they may see, again for each; none: all stores.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Add a user. Asks for the password, or takes the first line of standard input.

    The page asks people to log in where SHELFCAST_WEB_LOGIN=true. On a machine of one person it need not: without it, whoever sits at
    this machine may open the page, and nobody else.

    \b
    Examples:
      shelfcast users add anna --role manager --store berlin-1
      shelfcast users add ops --role operator < password.txt
    """
    if role not in ROLES:
        raise UsageError(f"{role!r} is no role: name one of {', '.join(ROLES)}.")
    user = new_user(name, role, store or (), _password())
    with records_at(mongo_of(data_dir)) as records:
        records.add(user)
        _note(records, "users add", user.name)
    typer.echo(f"added {name} ({role})")


@app.command("list")
def list_users(data_dir: DataDir = None, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List the users: names, roles, stores."""
    with records_at(mongo_of(data_dir)) as records:
        rows: list[Mapping[str, Any]] = [{"name": u.name, "role": u.role, "stores": u.stores} for u in records.users()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table("name", "role", "stores")
    for row in rows:
        table.add_row(row["name"], row["role"], ", ".join(row["stores"]) or "all")
    Console().print(table)


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Name of the user.")], data_dir: DataDir = None) -> None:
    """Remove a user. Their sessions end within seconds."""
    with records_at(mongo_of(data_dir)) as records:
        if not records.remove(name):
            raise UsageError(f"There is no user {name!r}: `shelfcast users list` shows them.")
        _note(records, "users remove", name)
    typer.echo(f"removed {name}")


def _note(records: MongoRecords, did: str, name: str) -> None:
    who = os.environ.get("USER") or str(os.getuid() if hasattr(os, "getuid") else "")
    records.note({"who": f"command line, {who}", "did": f"{did} {name}", "status": 0, "address": ""})


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise UsageError("The two are not the same.")
    return password
