"""Runs the study of an advertising file, from its options to its tables, figures and advice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from charts.figures.draw import drawn
from streams.contract.errors import UsageError
from streams.files.whole_files import make_folder, write_whole
from workbench.ads import explore_figures, result_figures
from workbench.ads.advice import Advice, advise
from workbench.ads.cards import data_card, model_card
from workbench.ads.drivers import SHOWN, TOGETHER, Importance, dependences, importances
from workbench.ads.evaluation import METRICS, Judged, judge
from workbench.ads.table import Ads, check_sums, read_ads
from workbench.pipeline.content import of_files
from workbench.tracking.findings import Findings, environment
from workbench.tracking.mlflow_store import check, track

MOST_KINDS: Final = 6
"""Kinds that get a figure of their own."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to study, as given on the command line. columns: roles that are named; expected: sums that must come out."""

    file: Path
    out: Path | None
    json: Path | None
    repeats: int
    columns: dict[str, str]
    expected: dict[str, Decimal]
    track: bool = False


@dataclass(frozen=True, slots=True)
class Study:
    """All that was found."""

    ads: Ads
    judged: list[Judged]
    importances: list[Importance]
    advice: Advice
    figures: list[str]

    def as_json(self) -> dict[str, Any]:
        """The summary that `--json` writes; models are of the target that counts most."""
        first = self.judged[0]
        return {
            "rows": self.ads.rows,
            "dropped": self.ads.dropped,
            "models": {name: {"r2": score.r2, "rmse": score.rmse, "mae": score.mae, "n": score.n} for name, score in first.scores.items()},
            "best": first.best,
            "figures": self.figures,
            "advice": self.advice.sentences,
        }

    def as_full_json(self) -> dict[str, Any]:
        """All plain values. `models` and `best` are of the target that counts most; `targets` has those of all."""
        ads, first = self.ads, self.judged[0]
        return {
            "rows": ads.rows,
            "used": len(ads.frame),
            "dropped": ads.dropped,
            "mended": ads.mended,
            "warnings": ads.warned,
            "columns": ads.columns.measures | ({"date": " ".join(ads.columns.date)} if ads.dated else {}),
            "sums": {name: float(total) for name, total in ads.sums.items()},
            "target": first.target,
            "split": first.split,
            "models": {name: asdict(score) for name, score in first.scores.items()},
            "best": first.best,
            "lead_of_best": first.lead,
            "targets": {
                one.target: {"models": {name: asdict(score) for name, score in one.scores.items()}, "best": one.best} for one in self.judged
            },
            "importances": [asdict(one) for one in self.importances],
            "figures": self.figures,
            "advice": self.advice.sentences,
            "segments": [asdict(one) for one in self.advice.segments],
            "elasticity": self.advice.elasticity,
        }


def check_file(file: Path, columns: dict[str, str], out: Path, say: Callable[[str], None]) -> Ads:
    """Read and clean a file, and write what is left of it, its data card and the checks. Raises UsageError."""
    ads = read_ads(file, columns)
    make_folder(out)
    for sentence in ads.told:
        say(sentence)
    _tell_cleaning(ads, say)
    found = {
        "rows": ads.rows, "used": len(ads.frame), "dropped": ads.dropped, "mended": ads.mended, "warnings": ads.warned,
        "columns": ads.columns.measures, "sums": {name: str(total) for name, total in ads.sums.items()},
    }  # fmt: skip
    write_whole(out / "checks.json", json.dumps(found, indent=1) + "\n")
    write_whole(out / "data_card.md", data_card(ads, of_files(file)))
    write_whole(out / "clean.csv", ads.texts.to_csv(index=False, lineterminator="\n"))
    return ads


def study(options: Options, console: Console) -> Study:
    """Clean, explore, compare, explain, advise; print it and write the files. Raises UsageError."""
    if options.track:
        check()
    # Thousands of small fits: threads would only wait for each other.
    with threadpool_limits(1):
        return _study(options, console)


def _study(options: Options, console: Console) -> Study:
    def say(sentence: str) -> None:
        console.print(sentence, highlight=False, markup=False)

    ads = read_ads(options.file, options.columns)
    if options.out is not None:
        make_folder(options.out)
    for sentence in ads.told:
        say(sentence)
    _tell_cleaning(ads, say)
    check_sums(ads, options.expected)
    if not ads.inputs or ads.frame[ads.targets[0]].sum() == 0:
        raise UsageError("There is not one conversion in the rows that are left: nothing can be learned.")
    with console.status("comparing models") as status:
        judged = [judge(ads, target, options.repeats, status.update) for target in ads.targets]
        status.update("what drives conversions")
        important = importances(ads, judged[0].target, judged[0].best_batch)
        advice = advise(ads)
    figures = [] if options.out is None else _figures(ads, judged, important, advice, options.out)
    found = Study(ads, judged, important, advice, figures)
    for one in judged:
        console.print(_table(one))
    say("What drives it: " + ", ".join(f"{one.name} {one.share:+.0%}" for one in important[:SHOWN]) + " of deviance when shuffled.")
    for sentence in advice.sentences:
        say(sentence)
    _write(found, options, say)
    return found


def _write(found: Study, options: Options, say: Callable[[str], None]) -> None:
    """Write the files that are asked for, and keep the run in MLflow."""
    written: list[Path] = []
    fingerprint = of_files(options.file)
    cards = {
        "data_card.md": data_card(found.ads, fingerprint),
        "model_card.md": model_card(found.ads, found.judged[0], found.importances, found.advice),
    }
    if options.out is not None:
        pages = {
            "ads.json": json.dumps(found.as_full_json(), indent=1) + "\n",
            **cards,
        }
        for name, content in pages.items():
            write_whole(options.out / name, content)
        say(f"{len(found.figures)} figures, ads.json, data_card.md and model_card.md are in {options.out}.")
        written = [options.out / name for name in (*pages, *found.figures)]
    if options.json is not None:
        write_whole(options.json, json.dumps(found.as_json(), indent=1) + "\n")
    if options.track:
        first = found.judged[0]
        parameters = {"target": first.target, "best": first.best, "split": first.split, "repeats": options.repeats, "rows": found.ads.rows}
        metrics = {
            f"{one.target}.{name}.{metric}": getattr(score, metric)
            for one in found.judged
            for name, score in one.scores.items()
            for metric in METRICS
        }
        findings = Findings(
            "ads", parameters, metrics, (options.file,), tuple(written), {"recipe.json": _recipe(found, fingerprint)}, pages=cards
        )  # fmt: skip
        say(track(findings).told("ads"))


def _recipe(found: Study, fingerprint: str) -> bytes:
    """All that the best model is made of again, to the last digit: fits are seeded, and the data are named by their content."""
    first, columns = found.judged[0], found.ads.columns
    recipe = {
        "model": first.best, "target": first.target, "data_sha256": fingerprint, "measures": columns.measures,
        "kinds": columns.categories, "made_with": environment(),
    }  # fmt: skip
    return json.dumps(recipe, indent=1, sort_keys=True).encode() + b"\n"


def _tell_cleaning(ads: Ads, say: Callable[[str], None]) -> None:
    say(f"{ads.rows:,} rows; {len(ads.frame):,} are used.")
    for name, n in ads.dropped.items():
        say(f"  {n:,} dropped: {name}")
    for name, n in ads.mended.items():
        say(f"  {n:,} mended: {name}")
    for name, n in ads.warned.items():
        say(f"  {n:,} to look at: {name}")
    sums = ", ".join(f"{total:,.2f} {name}" if name == "spend" else f"{total:,.0f} {name}" for name, total in ads.sums.items())
    say(f"Sums: {sums}. Added up twice, as the file's decimal texts and in the table.")


def _table(judged: Judged) -> Table:
    table = Table(title=f"{judged.target}: {judged.split}", title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    for metric in METRICS:
        table.add_column({"r2": "R2", "rmse": "RMSE", "mae": "MAE", "deviance": "deviance (90 %)"}.get(metric, metric), justify="right")
    table.add_column("n", justify="right")
    for name, score in sorted(judged.scores.items(), key=lambda pair: pair[1].deviance):
        low, high = score.intervals[METRICS[-1]]
        cells = [f"{getattr(score, metric):.3f}" for metric in METRICS]
        cells[-1] += f" ({low:.2f} to {high:.2f})"
        table.add_row(f"[bold]{name}[/]" if name == judged.best else name, *cells, f"{score.n:,}")
    return table


def _figures(ads: Ads, judged: list[Judged], important: list[Importance], advice: Advice, out: Path) -> list[str]:
    first = judged[0]
    driving = [one.name for one in important if one.name != TOGETHER][:SHOWN]
    kinds = sorted(ads.columns.categories, key=[one.name for one in important].index)[:MOST_KINDS]
    makers: dict[str, Callable[[], Figure]] = {
        "boxes": partial(explore_figures.boxes, ads),
        "pairs": partial(explore_figures.pairs, ads),
        "correlation": partial(explore_figures.correlation, ads),
        "funnel": partial(explore_figures.funnel, ads),
    }
    for place, name in enumerate(kinds):
        plain = "".join(c if c.isalnum() else "_" for c in name.lower()).strip("_") or str(place)
        makers[f"by_{plain}"] = partial(explore_figures.by_kind, ads, name)
    if ads.dated:
        makers["over_time"] = partial(explore_figures.over_time, ads)
    for one in judged:
        makers[f"models_{one.target}"] = partial(result_figures.models, one)
    makers["drivers"] = partial(result_figures.drivers, important, first)
    makers["dependence"] = partial(result_figures.dependence, dependences(ads, first.target, first.best_batch, driving), first)
    makers["advice"] = partial(result_figures.advice, advice)
    for name, make in makers.items():
        write_whole(out / f"{name}.png", drawn(make, "png"))
    return [f"{name}.png" for name in makers]
