"""A person's own model as a contender: `--compare my_model.py:Model`.

The model gets arrays that end at the origin, so it cannot see what it is asked for.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np

from streams.contract.errors import UsageError
from streams.contract.horizons import QUANTILES
from workbench.backtest.live import Live
from workbench.backtest.memory import MemoryPeak
from workbench.backtest.panel import Contender, Flags, Floats, Forecasts

EVERY: Final = 7
"""Days between the origins of a batch model that does not say otherwise."""
_LEAST_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class History:
    """What is known at an origin.

    Attributes
    ----------
    units
        Net units `[series, days]`, the newest day last; 0 before the first sale and on days without one.
    stores, items
        Of each series.
    first_day
        Of the first column, days since 1970-01-01.
    promoted
        Days on promotion, `[series, days + 28]`: those ahead are known. None if the file announces none.

    """

    units: Floats
    stores: list[str]
    items: list[str]
    first_day: int
    promoted: Flags | None = None


@runtime_checkable
class Model(Protocol):
    """The interface.

    `fit` learns from a history; it is called again at later origins, each time with a longer one. `predict` gives expected units of the
    `days` days after it, `[series, days]`. Optional: `learn(history)`, for a model that learns online: `fit` is then called once, and
    `learn` at each later day. `quantiles(days)` gives p10, p50 and p90 of the sum of the `days` days, `[3, series]`. `name` and `every`,
    the days between origins, are attributes.
    """

    def fit(self, history: History) -> None:
        """Learn from all that is known."""

    def predict(self, days: int) -> Floats:
        """Expected units of the days ahead, `[series, days]`."""


def load_model(text: str) -> Callable[[], Model]:
    """The class that `file.py:Class` names. Raises UsageError."""
    file, _, name = text.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"--compare {text}: there is no file {file}.")
    spec = importlib.util.spec_from_file_location(f"shelfcast_own_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"--compare {text}: {file} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"--compare {text}: {file} cannot be loaded: {type(error).__name__}: {error}") from error
    found = getattr(module, name, None)
    if not isinstance(found, type) or not isinstance(found, Model):
        raise UsageError(f"--compare {text}: {name} must be a class with the methods fit(history) and predict(days).")
    return found


def runner(make: Callable[[], Model], name: str) -> Callable[[Live, Callable[[float], None]], list[Contender]]:
    """A contender of the backtest around a model."""

    def run(live: Live, progress: Callable[[float], None]) -> list[Contender]:
        began = time.perf_counter()
        with MemoryPeak() as memory:
            forecasts = _forecasts(live, make(), name, progress)
        return [Contender(name, forecasts, time.perf_counter() - began, memory.megabytes)]

    return run


def _forecasts(live: Live, model: Model, name: str, progress: Callable[[float], None]) -> dict[str, Forecasts]:
    windows = live.windows
    longest = max(window.span for window in windows.values())
    first, last = min(int(w.origins[0]) for w in windows.values()), max(int(w.origins[-1]) for w in windows.values())
    learn: Any = getattr(model, "learn", None)
    quantiles: Any = getattr(model, "quantiles", None)
    every = 1 if learn is not None else max(int(getattr(model, "every", EVERY)), 1)
    means = {h: np.full(w.actual.shape, np.nan) for h, w in windows.items()}
    bands = {h: np.full((len(QUANTILES), *w.actual.shape), np.nan) for h, w in windows.items()}
    for step, origin in enumerate(range(max(first, _LEAST_DAYS), last + 1, every)):
        progress((origin - first) / max(last - first, 1))
        history = _history(live, origin)
        if learn is None or step == 0:
            model.fit(history)
        else:
            learn(history)
        path = _checked(model.predict(longest), (len(history.units), longest), f"{name}.predict({longest})")
        started = live.panel.started[:, origin]
        for horizon, window in windows.items():
            column = origin - int(window.origins[0])
            if not 0 <= column < len(window.origins):
                continue
            open_days = live.expected_open[horizon][:, column] != 0
            total = np.where(open_days, np.maximum(path[:, : window.span], 0).sum(1), 0.0)
            means[horizon][started, column] = total[started]
            if quantiles is not None:
                band = _checked(quantiles(window.span), (len(QUANTILES), len(path)), f"{name}.quantiles({window.span})")
                bands[horizon][:, started, column] = np.where(open_days, np.sort(np.maximum(band, 0), axis=0), 0.0)[:, started]
    return {h: Forecasts(means[h], bands[h] if quantiles is not None else None) for h in windows}


def _history(live: Live, origin: int) -> History:
    panel = live.panel
    promoted = None
    if panel.promoted is not None:
        promoted = np.pad(panel.promoted, ((0, 0), (0, 28)))[:, : origin + 29]
    # Copies: a model may keep and change what it gets, and a view would let it look behind the origin.
    return History(panel.units[:, : origin + 1].copy(), list(panel.stores), list(panel.items), panel.first_day, promoted)


def _checked(values: Any, shape: tuple[int, ...], what: str) -> Floats:
    found = np.asarray(values, float)
    if found.shape != shape or not np.isfinite(found).all():
        raise UsageError(f"{what} must give finite numbers of the shape {list(shape)}; it gave {list(found.shape)}.")
    return found
