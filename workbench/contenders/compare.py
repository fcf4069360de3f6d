"""The contenders that `--compare` can name, and whether their libraries are installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streams.contract.errors import UsageError
from workbench.backtest.live import Live
from workbench.backtest.panel import Contender
from workbench.contenders import own, zoo

Run = Callable[[Live, Callable[[float], None]], list[Contender]]
"""Makes contenders from our own run; calls back with the share done."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The contenders of one library: how to run them, and what to say about them."""

    name: str
    run: Run
    note: str


MODULES: Final = {"lightgbm": "workbench.contenders.trees", "statsforecast": "workbench.contenders.statistical"}
"""Contenders that are modules of their own, by the library that they need."""


def compared(text: str) -> list[Compared]:
    """The contenders in a comma-separated list. Raises UsageError for an unknown name, a missing library or a file without a model."""
    names = dict.fromkeys(part.strip() for part in text.split(",") if part.strip())
    found = [_compared(name) for name in names]
    # A note that several share is said once.
    return [Compared(one.name, one.run, one.note if one.note not in {o.note for o in found[:i]} else "") for i, one in enumerate(found)]


def _compared(name: str) -> Compared:
    if ".py:" in name:
        shown = name.rpartition(":")[2]
        return Compared(
            shown, own.runner(own.load_model(name), shown), f"{shown}: from {name}; a batch model forecasts at every 7th origin."
        )
    if name in zoo.NAMES:
        if name != "river":
            _installed("sklearn", name, "workbench")
        return Compared(name, zoo.run(name), zoo.NOTE)
    if name not in MODULES:
        known = ", ".join((*MODULES, *zoo.NAMES))
        raise UsageError(f"--compare {name!r}: write one or more of {known}, or my_model.py:Model, with commas between them.")
    _installed(name, name, "compare")
    module = importlib.import_module(MODULES[name])
    return Compared(name, module.run, module.NOTE)


def _installed(library: str, name: str, extra: str) -> None:
    if importlib.util.find_spec(library) is None:
        raise UsageError(f"--compare {name} needs a library that is not installed: pip install 'shelfcast[{extra}]'")
