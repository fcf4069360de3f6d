"""`shelfcast keys`: makes, lists and withdraws the named API keys."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, cast

import typer
from rich.console import Console
from rich.table import Table

from streams.contract.errors import UsageError
from streams.files.whole_files import write_whole
from streams.http.key_book import SCOPES, NamedKey, Scope, book_bytes, new_key, read_book

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="Make, list and withdraw API keys.")

_VARIABLE: Final = "SHELFCAST_KEY_BOOK"
Book = Annotated[Path | None, typer.Option(help=f"File of the keys; default: {_VARIABLE}.")]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whose it is, as in till-3: small letters, digits and -.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do, again for each: {', '.join(SCOPES)}.")],
    store: Annotated[list[str] | None, typer.Option(help="A store it is for, again for each; none: all stores.")] = None,
    book: Book = None,
) -> None:
    """Make a key and print it, this once: the file holds only its hash. Gateway and page know it within seconds.

    \b
    Examples:
      shelfcast keys add till-3 --scope publish --store berlin-1
      shelfcast keys add reports --scope read
    """
    if wrong := sorted(set(scope) - set(SCOPES)):
        raise UsageError(f"{wrong[0]!r} is no scope: name some of {', '.join(SCOPES)}.")
    file = _file(book)
    keys = read_book(file)
    if name in keys:
        raise UsageError(f"There is a key {name!r} already: remove it first, or take another name.")
    key, shown = new_key(name, cast("list[Scope]", scope), store or (), datetime.now(UTC).date().isoformat())
    _write(file, [*keys.values(), key])
    typer.echo(shown)


@app.command("list")
def list_keys(book: Book = None, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List the keys: names, scopes, stores, and the day each was made."""
    rows = [{"name": k.name, "scopes": k.scopes, "stores": k.stores, "made_on": k.made_on} for k in read_book(_file(book)).values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table("name", "may", "stores", "made on")
    for row in rows:
        table.add_row(str(row["name"]), ", ".join(row["scopes"]), ", ".join(row["stores"]) or "all", str(row["made_on"]))
    Console().print(table)


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Name of the key.")], book: Book = None) -> None:
    """Withdraw a key. Gateway and page refuse it within seconds."""
    file = _file(book)
    keys = read_book(file)
    if name not in keys:
        raise UsageError(f"There is no key {name!r}: `shelfcast keys list` shows them.")
    _write(file, [key for key in keys.values() if key.name != name])
    typer.echo(f"removed {name}")


def _file(book: Path | None) -> Path:
    named = book or os.environ.get(_VARIABLE)
    if not named:
        raise UsageError(f"Set {_VARIABLE}, or give --book: the file of the keys.")
    return Path(named)


def _write(file: Path, keys: list[NamedKey]) -> None:
    write_whole(file, book_bytes(keys))
