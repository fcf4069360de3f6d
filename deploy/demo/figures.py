"""Reads the worker's /metrics as a Prometheus server would."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """The worker's figures at a moment. Counts start at the beginning of the log, so they survive restarts of the worker."""

    log: dict[str, int] = field(default_factory=dict)  # accepted, learned, duplicates, rejected, late, days, drifts, forecasts
    wape: dict[tuple[str, str], float] = field(default_factory=dict)  # horizon, contender
    scored: dict[str, int] = field(default_factory=dict)  # horizon -> forecasts
    series: int = 0
    stores: int = 0
    recoveries: int = 0

    def error(self, horizon: str) -> tuple[float, float] | None:
        """Decayed WAPE of our forecasts and of the same-weekday mean; None before there is any."""
        ours, bar = self.wape.get((horizon, "shelfcast")), self.wape.get((horizon, "same_weekday_mean"))
        return (ours, bar) if ours is not None and bar is not None else None


def read_worker(port: int) -> WorkerFigures | None:
    """The figures of the worker that serves its metrics on `port`; None while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            text = answer.read().decode()
    except (OSError, urllib.error.URLError):
        return None
    figures = WorkerFigures()
    series = stores = recoveries = 0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels, value = sample.labels, sample.value
            match sample.name:
                case "shelfcast_log_events":
                    figures.log[labels["outcome"]] = int(value)
                case "shelfcast_wape":
                    figures.wape[labels["horizon"], labels["contender"]] = value
                case "shelfcast_scored_forecasts":
                    figures.scored[labels["horizon"]] = int(value)
                case "shelfcast_series":
                    series = int(value)
                case "shelfcast_stores":
                    stores = int(value)
                case "shelfcast_recoveries_total":
                    recoveries += int(value)
    return WorkerFigures(figures.log, figures.wape, figures.scored, series, stores, recoveries)
