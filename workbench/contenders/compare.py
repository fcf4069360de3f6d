"""The batch contenders that `--compare` can name, and whether their libraries are installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streams.contract.errors import UsageError
from workbench.backtest.live import Live
from workbench.backtest.panel import Contender

Run = Callable[[Live, Callable[[float], None]], list[Contender]]
"""Makes contenders from our own run; calls back with the share done."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The contenders of one library: how to run them, and what to say about them."""

    name: str
    run: Run
    note: str


MODULES: Final = {"lightgbm": "workbench.contenders.trees", "statsforecast": "workbench.contenders.statistical"}


def compared(text: str) -> list[Compared]:
    """The contenders in a comma-separated list. Raises UsageError for an unknown name or a missing library."""
    found = []
    for name in dict.fromkeys(part.strip() for part in text.split(",") if part.strip()):
        if name not in MODULES:
            raise UsageError(f"--compare {name!r}: write {' or '.join(MODULES)}, with a comma between them for both.")
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"--compare {name} needs a library that is not installed: pip install 'shelfcast[compare]'")
        module = importlib.import_module(MODULES[name])
        found.append(Compared(name, module.run, module.NOTE))
    return found
