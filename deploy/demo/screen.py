"""The demo's screen: sales sent, sales learned, the falling error, the newest plan; live in a terminal, as lines elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from deploy.demo.figures import WorkerFigures
from streams.contract.horizons import DAY, HORIZONS

LINE_SECONDS: Final = 5.0
_BARS: Final = " ▁▂▃▄▅▆▇█"


@dataclass
class View:
    """What the screen shows."""

    phase: str = "starting"
    rows: int = 0
    total: int | None = None
    published: int = 0
    at: str = ""
    rate: float = 0.0
    worker: WorkerFigures = field(default_factory=WorkerFigures)
    profit: str = ""
    plan: list[tuple[str, float, float]] = field(default_factory=list)  # item, units tomorrow, percent of the shelf
    plan_of: str = ""
    drifts: list[str] = field(default_factory=list)
    history: list[tuple[float, float]] = field(default_factory=list)  # WAPE of ours and of the baseline, day ahead
    page: str = ""
    restarts: int = 0


class Screen:
    """Shows a View until it is closed."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(None),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._task = self._progress.add_task("replay", total=None)
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._line_at = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, view: View) -> None:
        """Draw the view again."""
        if self._live is not None:
            self._progress.update(self._task, total=view.total, completed=view.rows, description=view.phase)
            self._live.update(self._drawn(view))
        elif time.monotonic() - self._line_at >= LINE_SECONDS:
            self._line_at = time.monotonic()
            self.console.print(self._line(view), highlight=False)

    def _line(self, view: View) -> str:
        log = view.worker.log
        share = f"{100 * view.rows / view.total:3.0f} %" if view.total else ""
        error = view.worker.error(DAY.name)
        errors = f", error {error[0]:.3f} against {error[1]:.3f} of the same-weekday mean" if error else ""
        return (
            f"{view.phase} {share} {view.at}: {view.published:,} sales out at {view.rate:,.0f}/s, {log.get('learned', 0):,} learned, "
            f"{log.get('forecasts', 0):,} forecasts{errors}"
        )

    def _drawn(self, view: View) -> Group:
        top = Table.grid(expand=True, padding=(0, 2))
        top.add_row(self._events(view), self._errors(view))
        top.add_row(self._plan(view), self._drift(view))
        foot = Text(f"page: {view.page}   Ctrl-C stops", style="dim")
        return Group(self._progress, top, foot)

    def _events(self, view: View) -> Panel:
        log, table = view.worker.log, Table.grid(padding=(0, 2))
        rows = (
            ("sales published", f"{view.published:,}   {view.rate:,.0f} a second"),
            ("shop's clock", view.at),
            ("accepted, learned", f"{log.get('accepted', 0):,}, {log.get('learned', 0):,}"),
            ("duplicates, rejected", f"{log.get('duplicates', 0):,}, {log.get('rejected', 0):,}"),
            ("forecasts, shelf plans", f"{log.get('forecasts', 0):,}, {log.get('allocations', 0):,}"),
            ("series, stores", f"{view.worker.series:,}, {view.worker.stores:,}"),
            ("profit in MongoDB", view.profit),
            ("restarts", str(view.restarts)),
        )
        for name, value in rows:
            table.add_row(f"[dim]{name}[/]", value)
        return Panel(table, title="sale events", border_style="blue")

    def _errors(self, view: View) -> Panel:
        table = Table("horizon", "forecasts", "shelfcast", "same weekday", "", box=None, padding=(0, 1))
        for horizon in HORIZONS:
            error = view.worker.error(horizon.name)
            if error is None:
                table.add_row(horizon.length, "0", "", "", "[dim]needs its days to pass[/]")
                continue
            better = 100 * (1 - error[0] / error[1]) if error[1] else 0.0
            mark = f"[green]{better:.0f} % less[/]" if better > 0 else f"[yellow]{-better:.0f} % more[/]"
            table.add_row(horizon.length, f"{view.worker.scored.get(horizon.name, 0):,}", f"{error[0]:.3f}", f"{error[1]:.3f}", mark)
        body = Group(
            table, Text(), Text("next day, over the year: ", style="dim"), Text(sparkline([h[0] for h in view.history]), style="green")
        )
        return Panel(body, title="error of the forecasts (WAPE)", border_style="green")

    def _plan(self, view: View) -> Panel:
        table = Table("item", "tomorrow", "shelf", box=None, padding=(0, 1))
        for item, units, percent in view.plan:
            table.add_row(Text(item[:28]), f"{units:,.1f}", f"{percent:.1f} %")
        return Panel(table, title=Text(f"newest shelf plan {view.plan_of}"), border_style="magenta")

    def _drift(self, view: View) -> Panel:
        lines = Text("\n".join(view.drifts) if view.drifts else "none so far")
        return Panel(lines, title=f"drift ({view.worker.log.get('drifts', 0)})", border_style="yellow")


def sparkline(values: list[float], width: int = 48) -> str:
    """Values as a row of bars, the newest on the right, scaled from 0 to the largest."""
    shown = values[:: max(1, len(values) // width)][-width:]
    top = max(shown, default=0.0)
    return "".join(_BARS[min(round(v / top * 8), 8)] for v in shown) if top > 0 else ""
