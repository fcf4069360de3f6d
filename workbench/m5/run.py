"""Runs the protocol: all contenders from one origin, their scores as tables and JSON."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from charts.figures.draw import drawn
from online_model import Forecaster
from streams.contract.errors import UsageError
from streams.files.whole_files import make_folder, write_whole
from streams.processor.state import to_bytes
from workbench.m5.cards import data_card, levels, model_card
from workbench.m5.contenders import Contender, Floats, fed, simple
from workbench.m5.contenders import ours as our_model
from workbench.m5.data import HORIZON, M5, read_m5
from workbench.m5.metrics import LEVELS, Level, level_name, levels_of, wrmsse, wspl
from workbench.m5.spread import quantiles_of
from workbench.pipeline.content import of_files
from workbench.tracking.findings import Findings, flat
from workbench.tracking.mlflow_store import check, track

EARLIER: Final = 2
"""Windows before the origin whose errors give the quantiles."""
FEWEST_DAYS: Final = 500


@dataclass(frozen=True, slots=True)
class Scored:
    """One method: WRMSSE and weighted scaled pinball loss by level and their means, and seconds of its contender."""

    wrmsse: dict[str, float]
    wspl: dict[str, float]
    bias: float
    seconds: float

    @property
    def mean_wrmsse(self) -> float:
        """The competition's score: the mean of the twelve levels."""
        return float(np.mean(list(self.wrmsse.values())))

    @property
    def mean_wspl(self) -> float:
        """The mean of the twelve levels."""
        return float(np.mean(list(self.wspl.values())))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "wrmsse": self.mean_wrmsse,
            "wspl": self.mean_wspl,
            "bias": self.bias,
            "seconds": round(self.seconds, 1),
            "wrmsse_by_level": self.wrmsse,
            "wspl_by_level": self.wspl,
        }


def contenders_of(compare: str) -> dict[str, Contender]:
    """Ours, the plain ones, and those that are named. Raises UsageError."""
    found: dict[str, Contender] = {"shelfcast": our_model, "simple": simple}
    for name in dict.fromkeys(part.strip() for part in compare.split(",") if part.strip()):
        if name not in ("lightgbm", "statsforecast"):
            raise UsageError(f"--compare {name!r}: with --protocol m5 write lightgbm or statsforecast, or both with a comma.")
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"--compare {name} needs a library that is not installed: pip install 'shelfcast[compare]'")
        if name == "lightgbm":
            from workbench.m5.boosted import forecasts  # noqa: PLC0415 - only when it is asked for
        else:
            from workbench.m5.statistical import forecasts  # noqa: PLC0415
        found[name] = forecasts
    return found


@dataclass(frozen=True, slots=True)
class Options:
    """What to score, as given on the command line. out: takes scores, figure and cards. most_series: for a trial."""

    folder: Path
    compare: str = ""
    json: Path | None = None
    out: Path | None = None
    track: bool = False
    most_series: int | None = None


def protocol(options: Options, console: Console) -> dict[str, Scored]:
    """Score all contenders on the last 28 days of the sales; print the tables. Raises UsageError."""
    chosen, folder = contenders_of(options.compare), options.folder
    if options.track:
        check()
    data = read_m5(folder, options.most_series)
    days = data.units.shape[1]
    if days < FEWEST_DAYS:
        raise UsageError(f"The sales of {folder} have {days} days; the protocol needs {FEWEST_DAYS}.")
    origin = days - HORIZON
    origins = [origin - HORIZON * back for back in range(EARLIER, -1, -1)]
    span = f"{data.dates[origin].date()} to {data.dates[days - 1].date()}"
    console.print(f"{len(data.units):,} series, {days:,} days; forecast from one origin: {span}.", highlight=False)
    levels = levels_of(data, origin)
    scores: dict[str, Scored] = {}
    kept: list[Forecaster] = []

    def ours(data: M5, origins: Sequence[int], progress: Callable[[float], None]) -> dict[str, dict[int, Floats]]:
        told, model = fed(data, origins, progress)
        kept.append(model)
        return told

    chosen["shelfcast"] = ours
    with Progress(console=console, transient=True) as bar:
        for name, contender in chosen.items():
            task, began = bar.add_task(name, total=1.0), time.perf_counter()
            told = contender(data, origins, lambda share, task=task: bar.update(task, completed=share))  # type: ignore[misc]
            seconds = time.perf_counter() - began
            bar.remove_task(task)
            scores |= {method: _scored(data, levels, by_origin, origin, seconds) for method, by_origin in told.items()}
    _show(scores, console)
    by_method = {name: score.as_json() for name, score in scores.items()}
    found: dict[str, Any] = {
        "protocol": "m5",
        "series": len(data.units),
        "origin": str(data.dates[origin - 1].date()),
        "contenders": by_method,
    }
    _write(options, data, scores, found, kept[0], console)
    return scores


def _write(options: Options, data: M5, scores: dict[str, Scored], told: dict[str, Any], model: Forecaster, console: Console) -> None:
    """Write the files that are asked for, and keep the run in MLflow."""
    text = json.dumps(told, indent=1) + "\n"
    if options.json is not None:
        write_whole(options.json, text)
    if options.out is None and not options.track:
        return
    pages = {"data_card.md": data_card(data, of_files(options.folder)), "model_card.md": model_card(scores, told["origin"])}
    written: list[Path] = []
    if options.out is not None:
        make_folder(options.out)
        for name, content in (pages | {"m5.json": text}).items():
            write_whole(options.out / name, content)
        write_whole(options.out / "levels.png", drawn(lambda: levels(scores, told["origin"]), "png"))
        written = [options.out / "m5.json", options.out / "levels.png"]
        console.print(f"Scores, figure and cards: {options.out}", highlight=False, markup=False)
    if options.track:
        parameters = {"compare": options.compare, "series": told["series"], "origin": told["origin"]}
        metrics = dict(flat(told["contenders"]))
        states = {"forecaster.bin": bytes(to_bytes({"model": model.dump()}))}
        findings = Findings("m5", parameters, metrics, (options.folder,), tuple(written), states, pages=pages)
        console.print(track(findings).told("m5"), highlight=False, markup=False)


def _scored(data: M5, levels: Sequence[Level], by_origin: dict[int, Floats], origin: int, seconds: float) -> Scored:
    forecast = by_origin[origin]
    past = [(told, data.units[:, day : day + HORIZON].astype(np.float64)) for day, told in by_origin.items() if day < origin]
    quantiles = [quantiles_of(level, forecast, past) for level in levels]
    sold = float(data.units[:, origin : origin + HORIZON].sum())
    return Scored(wrmsse(list(levels), forecast), wspl(list(levels), quantiles), float(forecast.sum()) / max(sold, 1e-9) - 1, seconds)


def _show(scores: dict[str, Scored], console: Console) -> None:
    order = sorted(scores, key=lambda name: scores[name].mean_wrmsse)
    for title, pick in (("WRMSSE", "wrmsse"), ("Weighted scaled pinball loss", "wspl")):
        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("level", no_wrap=True)
        for name in order:
            table.add_column(name, justify="right")
        for number, keys in enumerate(LEVELS, 1):
            values = [getattr(scores[name], pick)[level_name(keys)] for name in order]
            table.add_row(f"{number} {level_name(keys)}", *(f"{value:.3f}" for value in values))
        table.add_row("[bold]mean[/]", *(f"[bold]{getattr(scores[name], f'mean_{pick}'):.3f}[/]" for name in order))
        if pick == "wrmsse":
            table.add_row("bias", *(f"{scores[name].bias:+.1%}" for name in order))
            table.add_row("seconds", *(f"{scores[name].seconds:,.0f}" for name in order))
        console.print(table)
    console.print(
        "Levels, weights and scales as in the M5 competition. Quantiles of every contender come from its own errors in the two windows "
        "before the origin. Seconds of seasonal naive and exponential smoothing are of both together.",
        style="dim",
        highlight=False,
    )
