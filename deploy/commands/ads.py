"""`shelfcast ads`: what drives conversions of advertisements, and where the next money earns most."""

from __future__ import annotations

import importlib.util
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.contract.errors import UsageError


def ads(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or Parquet file, one row an ad, or an ad and day.")],
    out: Annotated[Path | None, typer.Option(help="Write figures and ads.json into this folder.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the findings to this file.")] = None,
    repeats: Annotated[int, typer.Option(min=1, max=50, help="How often ads are dealt to five folds anew; no matter with dates.")] = 3,
    column: Annotated[
        list[str] | None, typer.Option(help="ROLE=COLUMN where the guess is wrong, as in spend=Kosten. May be repeated.")
    ] = None,
    expect: Annotated[list[str] | None, typer.Option(help="NAME=SUM that must come out, as in clicks=38165. May be repeated.")] = None,
    track: Annotated[bool, typer.Option("--track", help="Keep the run in MLflow: ./mlruns, or MLFLOW_TRACKING_URI.")] = False,
) -> None:
    """Clean a file of ads, explore it, compare models of conversions, say what drives them and where the next 1,000 earn most.

    The roles of columns are guessed and said: impressions, clicks, spend, conversions, approved (the ones that count), date, and kinds of
    ads. With dates, models are judged on days after those they learned from; without, on campaigns that they have not seen.

    \b
    Examples:
      shelfcast ads ads.csv --out study
      shelfcast ads ads.csv --out study --json ads.json --expect clicks=38165
      shelfcast ads export.csv --column spend=Kosten --column approved=Orders
    """
    if importlib.util.find_spec("sklearn") is None:
        raise UsageError("shelfcast ads needs a library that is not installed: pip install 'shelfcast[workbench]'")
    from workbench.ads.run import Options, study  # noqa: PLC0415 - scikit-learn only for this command

    columns = dict(_pair(text, "--column") for text in column or ())
    expected = {name: _decimal(text) for name, text in (_pair(text, "--expect") for text in expect or ())}
    study(Options(file, out, json, repeats, columns, expected, track), Console())


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise UsageError(f"{option} {text!r}: write NAME=VALUE.")
    return name.strip(), value.strip()


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise UsageError(f"--expect: {text!r} is no number.") from None
