"""Options of the commands that read a file of sales: which of its facts to announce in advance."""

from typing import Annotated

import typer

Promotions = Annotated[bool, typer.Option("--promotions-known-ahead", help="Announce the file's promotions 30 days in advance.")]
Openings = Annotated[bool, typer.Option("--openings-known-ahead", help="Announce the file's open and closed days 30 days in advance.")]
