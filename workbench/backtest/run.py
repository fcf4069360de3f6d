"""Runs a backtest, from its options to its tables, files and pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from producers.announcements.known_ahead import KnownAhead
from producers.sources.wire import WireEvents
from streams.contract.errors import SettingsError, UsageError
from streams.contract.settings import WorkerSettings
from streams.files.whole_files import make_folder, write_whole
from streams.processor.local_time import iso_date
from streams.runtime.countries import countries_of
from workbench.backtest import live, report
from workbench.backtest.cards import data_card, model_card
from workbench.backtest.evaluation import Evaluation, evaluate
from workbench.backtest.panel import SPANS, Contender
from workbench.backtest.source import Sales, open_sales
from workbench.backtest.survey import Survey, survey
from workbench.contenders.compare import Compared, compared
from workbench.pipeline.content import of_files
from workbench.tracking.findings import Findings, flat
from workbench.tracking.mlflow_store import check, track


@dataclass(frozen=True, slots=True)
class Options:
    """What to test, as given on the command line."""

    sales: Path | None
    mapping: Path | None
    timezone: str | None
    country: str | None
    horizons: str
    last_days: int | None
    compare: str
    partitions: int
    known_ahead: KnownAhead
    json: Path | None
    chart: Path | None
    store_countries: Path | None = None
    demand: Path | None = None
    track: bool = False
    out: Path | None = None


def backtest(options: Options, console: Console) -> None:
    """Run, print and write a backtest. Raises UsageError with a sentence before anything long begins."""
    horizons = horizons_of(options.horizons)
    others = compared(options.compare)
    if options.track:
        check()
    _writable(options.json, options.chart, options.demand)
    sales = _placed(open_sales(options.sales, options.mapping, options.timezone, options.country), options.store_countries)
    if options.demand is not None and not isinstance(sales.rows, WireEvents):
        raise UsageError("--demand takes a file of events: stock and hours are not known from a table of sales.")
    for sentence in sales.about:
        console.print(sentence, highlight=False, markup=False)
    with _bar(console) as bar:
        looking = bar.add_task("looking through the file", total=sales.rows.count())
        found = survey(sales, options.known_ahead, read=lambda n: bar.advance(looking, n))
        bar.remove_task(looking)
        scored_days = scored_days_of(found, options.last_days, horizons)
        console.print(
            f"{found.rows:,} rows, {iso_date(found.first_day)} to {iso_date(found.last_day)}; "
            f"scored are forecasts of the last {scored_days} days, made day by day with nothing but what came before.",
            highlight=False,
        )
        feeding = bar.add_task("shelfcast", total=found.rows)
        ours = live.run(
            sales,
            found,
            scored_days=scored_days,
            horizons=horizons,
            partitions=options.partitions,
            keep_demand=options.demand is not None,
            read=lambda n: bar.advance(feeding, n),
        )
        bar.update(feeding, completed=found.rows)
        if not ours.panel.stores:
            raise UsageError(f"No row of {sales.rows.name} became a sale. {_bad(ours)}")
        contenders = [*ours.contenders, *_others(others, ours, bar)]
    result = evaluate(ours, contenders, scored_days)
    report.show(result, console, (*(other.note for other in others if other.note), *_notes(ours)))
    if ours.running is not None:
        report.show_running(ours.running, console)
    _write(options, ours, contenders, result, console)


def _write(options: Options, ours: live.Live, contenders: list[Contender], result: Evaluation, console: Console) -> None:
    """Write the files that are asked for, and keep the run in MLflow."""
    if options.json is not None:
        told = result.as_json() | ({} if ours.running is None else ours.running.shown())
        write_whole(options.json, json.dumps(told, indent=1) + "\n")
    if options.demand is not None and ours.running is not None:
        write_whole(options.demand, ours.running.as_csv())
    if options.out is not None:
        _write_out(options, ours, contenders, result)
        console.print(f"Scores, chart and cards: {options.out}", highlight=False, markup=False)
    if options.track:
        console.print(_tracked(options, ours, result), highlight=False, markup=False)
    if options.chart is not None:
        from workbench.backtest.chart import draw  # noqa: PLC0415 - matplotlib only when it is asked for

        write_whole(options.chart, draw(ours, contenders, result))
        console.print(f"Chart: {options.chart}", highlight=False, markup=False)


def _tracked(options: Options, ours: live.Live, result: Evaluation) -> str:
    """Keep the backtest in MLflow, with the state of each partition's processor; says where."""
    parameters = {name: getattr(options, name) for name in ("country", "timezone", "horizons", "last_days", "compare", "partitions")}
    data = tuple(path for path in (options.sales, options.mapping) if path is not None)
    states = {f"state-{partition}.bin": state for partition, state in enumerate(ours.states)}
    metrics = dict(flat(result.as_json()["horizons"]))
    written = () if options.out is None else tuple(sorted(options.out.glob("*.*")))
    return track(Findings("backtest", parameters, metrics, data, written, states, pages=_cards(options, ours, result))).told("backtest")


def _cards(options: Options, ours: live.Live, result: Evaluation) -> dict[str, str]:
    name, fingerprint = ("the sample data", "") if options.sales is None else (options.sales.name, of_files(options.sales))
    return {"data_card.md": data_card(name, ours, fingerprint), "model_card.md": model_card(name, ours, result)}


def _write_out(options: Options, ours: live.Live, contenders: list[Contender], result: Evaluation) -> None:
    from workbench.backtest.chart import draw  # noqa: PLC0415 - matplotlib only when it is asked for

    assert options.out is not None
    make_folder(options.out)
    write_whole(options.out / "scores.json", json.dumps(result.as_json(), indent=1) + "\n")
    write_whole(options.out / "chart.png", draw(ours, contenders, result))
    for page, text in _cards(options, ours, result).items():
        write_whole(options.out / page, text)


def horizons_of(text: str) -> list[str]:
    """The horizons in a comma-separated list, the shortest first. Raises UsageError."""
    asked = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(asked - SPANS.keys())
    if unknown or not asked:
        raise UsageError(f"--horizons {text!r}: write one or more of {', '.join(SPANS)}, with commas between them.")
    return [name for name in SPANS if name in asked]


def scored_days_of(found: Survey, last_days: int | None, horizons: list[str]) -> int:
    """How many days at the end are scored: the last quarter, or as many as asked for. Raises UsageError.

    Where the longest horizon is longer than a quarter, as many as it has, if as many are left to learn from.
    """
    days = found.last_day - found.first_day + 1
    span = max(SPANS[name] for name in horizons)
    scored = last_days
    if scored is None:
        quarter = days - int(days * 0.75)
        scored = max(quarter, span) if days >= 2 * span else quarter
    if scored < span:
        fewer = "give more --last-days" if last_days is not None else f"give --last-days {span}, or fewer --horizons"
        raise UsageError(f"The longest horizon has {span} days and only {scored} are scored: {fewer}.")
    if scored >= days:
        raise UsageError(f"The sales span {days} days: with --last-days {scored} none are left to learn from.")
    return scored


def _placed(sales: Sales, file: Path | None) -> Sales:
    """The sales with the countries of their stores; time zone and countries are checked as in the worker. Raises UsageError."""
    try:
        settings = WorkerSettings.read(timezone=sales.timezone, country=sales.country, store_countries=str(file or ""))
        country, store_countries = countries_of(settings)
    except SettingsError as error:
        raise UsageError(str(error)) from None
    return replace(sales, country=country, store_countries=store_countries)


def _writable(*files: Path | None) -> None:
    for file in files:
        if file is not None and not file.absolute().parent.is_dir():
            raise UsageError(f"{file} cannot be written: there is no folder {file.absolute().parent}.")


def _others(others: list[Compared], ours: live.Live, bar: Progress) -> list[Contender]:
    found = []
    for other in others:
        task = bar.add_task(other.name, total=1.0)
        found += other.run(ours, lambda share, task=task: bar.update(task, completed=share))  # type: ignore[misc]
        bar.update(task, completed=1.0)
    return found


def _notes(ours: live.Live) -> tuple[str, ...]:
    notes = []
    if ours.rules.store_countries:
        stores = set(ours.panel.stores)
        own = len(stores & ours.rules.store_countries.keys())
        notes.append(f"{own:,} of {len(stores):,} stores have a country of their own by --store-countries.")
    notes += [f"{n:,} rows left out: {reason}." for reason, n in ours.counts.skipped.items()]
    if ours.counts.bad:
        notes.append(f"{ours.counts.bad:,} rows are not sales. {_bad(ours)}")
    notes += [f"{n:,} sales were refused by the worker: {reason.removeprefix('rejected_')}." for reason, n in ours.rejected.items()]
    return tuple(notes)


def _bad(ours: live.Live) -> str:
    return f"The first: {ours.counts.first_bad}" if ours.counts.first_bad else ""


def _bar(console: Console) -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True)
