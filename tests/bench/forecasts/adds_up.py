"""Whether the parts of every next-day forecast add up, on any sales: python -m tests.bench.forecasts.adds_up [FILE] [--mapping TOML].

Without a file, the installed sample data. Prints how many forecasts were checked, the largest rounding, how much each part moves the
forecasts, and the bytes that the parts take on the wire.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from producers.announcements.known_ahead import KnownAhead
from streams.contract.codec import decode_output
from streams.contract.horizons import PARTS
from streams.contract.messages import PredictedSales
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from workbench.backtest.event_log import SalesLog
from workbench.backtest.source import open_sales
from workbench.backtest.survey import survey


class Checked:
    """What was found so far. moved: sum of |part| by part; moved_by: messages by the expert that weighs most."""

    def __init__(self) -> None:
        self.forecasts = self.wrong = self.without = 0
        self.bytes = self.bytes_without = 0
        self.units = self.rounding = 0
        self.moved = np.zeros(len(PARTS))
        self.experts: Counter[str] = Counter()

    def take(self, raw: bytes, first_day: str = "") -> None:
        """Check a message."""
        message = decode_output(raw)
        if not isinstance(message, PredictedSales) or message.horizons[0].horizon == "today" or message.origin < first_day:
            return
        self.bytes += len(raw)
        parts = message.parts
        if parts is None:
            self.without += message.horizons[0].open_days > 0
            self.bytes_without += len(raw)
            return
        self.bytes_without += raw.index(b',"parts":{') + 1
        self.forecasts += 1
        self.units += round(message.horizons[0].mean * 1000)
        self.wrong += sum(parts.thousandths) != round(message.horizons[0].mean * 1000)
        self.rounding = max(self.rounding, abs(parts.thousandths[-1]))
        self.moved += np.abs(parts.thousandths)
        self.experts[parts.expert] += 1

    def show(self, console: Console) -> None:
        """Print it."""
        more = self.bytes / max(self.bytes_without, 1) - 1
        console.print(
            f"{self.forecasts:,} forecasts of open days: {self.wrong} whose parts do not add up, {self.without} without parts; largest "
            f"rounding {self.rounding / 1000} units; {more:.1%} more bytes ({self.bytes / max(self.forecasts, 1):,.0f} a message)",
            highlight=False,
        )
        table = Table("part", "sum of |part| over forecast units")
        for name, units in zip(PARTS, self.moved, strict=True):
            table.add_row(name, f"{units / max(self.units, 1):.4f}")
        console.print(table)
        console.print(", ".join(f"{name} {n / max(self.forecasts, 1):.0%}" for name, n in self.experts.most_common()), highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sales", type=Path, nargs="?")
    parser.add_argument("--mapping", type=Path)
    parser.add_argument("--country")
    parser.add_argument("--promotions-known-ahead", action="store_true")
    parser.add_argument("--from", dest="first_day", default="", help="check forecasts made at the close of this day and later")
    options = parser.parse_args()
    sales = open_sales(options.sales, options.mapping, None, options.country)
    found = survey(sales, KnownAhead(promotions=options.promotions_known_ahead), read=lambda _: None)
    rules = Rules(timezone=sales.timezone, country=sales.country)
    processor, checked = Processor(rules, 0, 1), Checked()
    for runs in SalesLog(sales, found, 1, rules.lateness_seconds).runs():
        for _, raw in processor.apply(runs[0]).forecasts:
            if raw.startswith(b'{"type":"predicted-sales.v1"'):
                checked.take(raw, options.first_day)
    checked.show(Console())
    if checked.wrong or checked.without:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
