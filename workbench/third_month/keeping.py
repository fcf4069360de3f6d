"""Writes what was found as files for people, and keeps it in MLflow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from charts.figures.draw import drawn
from streams.files.whole_files import make_folder, write_whole
from workbench.pipeline.content import of_files
from workbench.third_month.cards import data_card, errors, model_card
from workbench.third_month.report import Findings as Found
from workbench.tracking import mlflow_store
from workbench.tracking.findings import Findings, flat
from workbench.tracking.mlflow_store import Kept

STUDY: Final = "third-month"


def keep(found: Found, file: Path, out: Path | None, *, track: bool) -> Iterator[str]:
    """Write the files of a folder, keep the run if it is wanted; sentences that say where. Raises UsageError, ServerError."""
    text, cards = json.dumps(found.as_json(), indent=1) + "\n", _cards(found, file)
    written: list[Path] = []
    if out is not None:
        make_folder(out)
        for name, content in ({"findings.json": text} | cards).items():
            write_whole(out / name, content)
        write_whole(out / "errors.png", drawn(lambda: errors(found), "png"))
        written = [out / "findings.json", out / "errors.png"]
        yield f"Findings, figure and cards: {out}"
    if track:
        yield tracked(found, file, tuple(written)).told(STUDY)


def tracked(found: Found, file: Path, written: tuple[Path, ...] = ()) -> Kept:
    """Keep the run, and the model's coefficients in the registry. Raises UsageError, ServerError."""
    metrics = {name.replace(" ", "_"): value for name, value in flat(found.as_json()["leave_one_out"])}
    model = json.dumps({"coefficients": found.regression.coefficients, "n": found.regression.n}, indent=1).encode() + b"\n"
    parameters = {"best": found.best, "rows": found.cleaned.rows, "n": found.regression.n}
    return mlflow_store.track(
        Findings(STUDY, parameters, metrics, (file,), written, {"coefficients.json": model}, pages=_cards(found, file))
    )


def card_of_served(found: Found, file: Path, *, track: bool) -> str:
    """The card of the model that a server begins with; with `track` the run is kept, and the card leads to it."""
    text = model_card(found)
    return f"{text}- Run: {tracked(found, file).link}\n" if track else text


def _cards(found: Found, file: Path) -> dict[str, str]:
    return {"data_card.md": data_card(file.name, found, of_files(file)), "model_card.md": model_card(found)}
