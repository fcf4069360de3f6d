"""`shelfcast schema`: prints the contract of messages, for other languages."""

import json
from pathlib import Path
from typing import Annotated

import typer

from streams.contract.schema import async_api, json_schema
from streams.files.whole_files import make_folder, write_whole

FILES = {"messages.schema.json": json_schema, "asyncapi.json": async_api}


def schema(
    kind: Annotated[str, typer.Argument(help="`json` for JSON Schema, `asyncapi` for AsyncAPI 3.")] = "json",
    out: Annotated[Path | None, typer.Option(help="Write both into this directory instead.")] = None,
) -> None:
    """Print the JSON Schema or AsyncAPI document of all messages, generated from their declarations.

    \b
    Examples:
      shelfcast schema > messages.schema.json
      shelfcast schema asyncapi
      shelfcast schema --out docs/contract
    """
    if out is not None:
        make_folder(out)
        for name, make in FILES.items():
            write_whole(out / name, text(make()))
        return
    if kind not in ("json", "asyncapi"):
        raise typer.BadParameter("give json or asyncapi", param_hint="KIND")
    typer.echo(text(json_schema() if kind == "json" else async_api()), nl=False)


def text(document: object) -> str:
    """The document as it is checked in."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
