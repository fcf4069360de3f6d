"""The options of the commands that read a file of sales: what it tells ahead."""

from typing import Annotated

import typer

Promotions = Annotated[
    bool, typer.Option("--promotions-known-ahead", help="Announce the file's promotions 30 days ahead, as planned events.")
]
Openings = Annotated[
    bool, typer.Option("--openings-known-ahead", help="Announce the file's open and closed days 30 days ahead, as planned events.")
]
