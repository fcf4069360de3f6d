"""All forecasting state of one Kafka partition: many stores, each closing its own business days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from online_model.results import DayClosed, Drift, HorizonForecast, Scored
from online_model.sale_regressor import SaleRegressor
from online_model.scores import Scores
from online_model.settings import DAYS_AHEAD, HORIZONS, ModelSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STATE_VERSION = 1
PENDING = ("mean", "p10", "p50", "p90", "weekday_mean", "seasonal_naive", "smoothing")


class _Store:
    """State of one store's series: weekday profile times level. Rows are the last axis."""

    ARRAYS = ("series", "level", "seen", "weekday", "visits", "pending", "units")

    def __init__(self, country: str | None, subdivision: str | None) -> None:
        self.country, self.subdivision = country, subdivision
        self.items: list[str] = []
        self.last_day = 0
        self.series = np.zeros(0, np.intp)
        self.level, self.seen = np.zeros(0), np.zeros(0)
        self.weekday, self.visits = np.full((8, 7, 0), np.nan), np.zeros((7, 0))
        self.pending = np.full((DAYS_AHEAD, len(HORIZONS), len(PENDING), 0), np.nan)
        self.units = np.zeros((DAYS_AHEAD, 0))
        self.by_hour = np.full(24, 1.0)
        self.opened = np.ones(7)
        self.tomorrow = np.zeros(0)

    def grow(self, n: int) -> None:
        """Make room for n series."""
        more = n - self.level.shape[0]
        if more > 0:
            fill = {"weekday": np.nan, "pending": np.nan}
            for name in (*self.ARRAYS[1:], "tomorrow"):
                a = getattr(self, name)
                new = np.full((*a.shape[:-1], more), fill.get(name, 0.0))
                setattr(self, name, np.concatenate([a, new], -1))


class Partition:
    """All forecasting state of one Kafka partition.

    Parameters
    ----------
    settings
        What may be chosen.

    """

    def __init__(self, settings: ModelSettings = ModelSettings()) -> None:  # noqa: B008  frozen
        self.settings = settings
        self.sales = SaleRegressor()
        self.scores = Scores()
        self._stores: list[_Store] = []
        self._n_series = 0
        self._day = 0

    def add_store(self, store: str, country: str | None = None, subdivision: str | None = None) -> int:
        """Add a store; its index. `country`: ISO code for named holidays, None for none."""
        del store
        self._stores.append(_Store(country, subdivision))
        return len(self._stores) - 1

    def add_series(self, store: int, item: str) -> int:
        """Add an item of a store at its first accepted sale; the series' index in the partition."""
        s = self._stores[store]
        s.items.append(item)
        s.series = np.append(s.series, self._n_series)
        self.sales.add_series(self._n_series)
        self._n_series += 1
        return self._n_series - 1

    def rows(self, store: int) -> NDArray[np.intp]:
        """Series of a store in the order of addition."""
        return self._stores[store].series

    def close(
        self,
        store: int,
        day: int,
        units: Floats,
        *,
        opened: bool,
        hours: Floats | None = None,
        orders: Floats | None = None,
        promotion: NDArray[np.bool_] | None = None,
        open_ahead: NDArray[np.bool_] | None = None,
    ) -> DayClosed:
        """Close a business day of a store: score what matured, learn, forecast.

        Parameters
        ----------
        store, day
            Index of the store; `date.toordinal()`. Each day of a store once, in order, without gaps.
        units
            Net units `[n]` of `rows(store)`, returns subtracted.
        opened
            False when nothing at all was sold in the store.
        hours
            Units by local hour `[n, 24]`.
        orders
            Number of sale lines `[n]`.
        promotion
            Today and the 28 days ahead `[n, 29]`.
        open_ahead
            Days +1..+35 on which the store opens; None: learned.

        """
        del orders, promotion
        s = self._stores[store]
        if s.last_day and day != s.last_day + 1:
            raise ValueError(f"store {store}: expected day {s.last_day + 1}, got {day}")
        s.last_day = day
        if day > self._day:
            self._day = day
            self.scores.new_date()
        n = len(s.series)
        s.grow(n)
        units = np.asarray(units, float)
        slot = day % DAYS_AHEAD
        s.units[slot] = units
        scored = self._score(s, day)
        w = (day - 1) % 7
        s.opened[w] += 0.1 * (opened - s.opened[w])
        if opened:
            y = np.maximum(units, 0.0)
            start = (s.seen > 0) | (y > 0)
            cap = np.where(s.seen > 14, 10 * s.level + 10, np.inf)
            y = np.minimum(y, cap)
            s.seen += start
            gain = np.maximum(1 / np.maximum(s.seen, 1), 1 - 0.5 ** (1 / self.settings.level_half_life))
            s.level += np.where(start, gain * (y - s.level), 0)
            s.weekday[1:, w, start] = s.weekday[:-1, w, start]
            s.weekday[0, w, start] = y[start]
            if hours is not None:
                s.by_hour = 0.98 * s.by_hour + np.maximum(hours, 0).sum(0)
        horizons, path = self._forecast(s, day, open_ahead)
        s.pending[slot] = [[getattr(f, k) for k in PENDING] for f in horizons.values()]
        s.tomorrow = np.nan_to_num(horizons["day"].mean)
        return DayClosed(day, store, s.series.copy(), horizons, path, scored, [])

    def _forecast(
        self, s: _Store, day: int, open_ahead: NDArray[np.bool_] | None
    ) -> tuple[dict[str, HorizonForecast], Floats]:
        ahead = (day + np.arange(DAYS_AHEAD)) % 7
        opens = s.opened[ahead] > 0.4 if open_ahead is None else np.asarray(open_ahead)[:DAYS_AHEAD]
        known = ~np.isnan(s.weekday)
        mean8 = np.where(known.any(0), np.nansum(s.weekday, 0) / np.maximum(known.sum(0), 1), s.level)
        newest = np.where(known[0], s.weekday[0], s.level)
        smooth = np.broadcast_to(s.level, (DAYS_AHEAD, len(s.level)))
        path = mean8[ahead] * opens[:, None]
        none = s.seen == 0
        out = {}
        for name, (a, b) in HORIZONS.items():
            o = opens[a - 1 : b, None]
            mean = np.where(none, np.nan, path[a - 1 : b].sum(0))
            naive = np.where(none, np.nan, (newest[ahead][a - 1 : b] * o).sum(0))
            level = np.where(none, np.nan, (smooth[a - 1 : b] * o).sum(0))
            spread = 1.28 * np.sqrt(mean + (0.2 * mean) ** 2)
            days = np.full(len(mean), int(o.sum()))
            out[name] = HorizonForecast(
                mean, np.maximum(mean - spread, 0).round(), mean.round(), (mean + spread).round(), mean, naive, level, days
            )
        return out, np.where(none, np.nan, path).T

    def _score(self, s: _Store, day: int) -> dict[str, Scored]:
        scored = {}
        for i, (name, (a, b)) in enumerate(HORIZONS.items()):
            f = s.pending[(day - b) % DAYS_AHEAD, i]
            m = ~np.isnan(f[0])
            if not m.any():
                continue
            actual = s.units[(day - np.arange(b - a + 1)) % DAYS_AHEAD].sum(0)
            scored[name] = Scored(day - b, s.series[m], actual[m], *(v[m] for v in f))
            self.scores.add(name, scored[name])
        return scored

    def nowcast(self, store: int, day: int, hour: float, sold: Floats) -> Floats:
        """Expected total of `day` `[n]`, given what was sold so far at local time `hour` (0-24)."""
        del day
        s = self._stores[store]
        whole = np.concatenate([[0.0], np.cumsum(s.by_hour)]) / s.by_hour.sum()
        morning = np.zeros(len(s.series))
        morning[: len(s.tomorrow)] = s.tomorrow
        return np.asarray(sold, float) + morning * (1 - np.interp(hour, np.arange(25), whole))

    def take_drifts(self) -> list[Drift]:
        """Drift of the per-sale learner since the last call."""
        drift = self.sales.take_drift()
        return [] if drift is None else [drift]

    def dump(self) -> dict[str, Any]:
        """Complete state: string keys; numbers, strings, lists of them, arrays."""
        state: dict[str, Any] = {
            "version": STATE_VERSION,
            "level_half_life": self.settings.level_half_life,
            "day": self._day,
            "n_series": self._n_series,
            "n_stores": len(self._stores),
        }
        state |= {f"sales.{k}": v for k, v in self.sales.dump().items()}
        state |= {f"scores.{k}": v for k, v in self.scores.dump().items()}
        for i, s in enumerate(self._stores):
            state |= {f"store.{i}.{k}": v.copy() if isinstance(v, np.ndarray) else v for k, v in vars(s).items()}
        return state

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Partition:
        """The reverse of `dump`; what follows is what would have followed without it."""
        if state["version"] != STATE_VERSION:
            raise ValueError(f"state version {state['version']} is not {STATE_VERSION}: rebuild from the log")
        self = cls(ModelSettings(float(state["level_half_life"])))
        self._day, self._n_series = int(state["day"]), int(state["n_series"])
        self.sales = SaleRegressor.load({k[6:]: v for k, v in state.items() if k.startswith("sales.")})
        self.scores = Scores.load({k[7:]: v for k, v in state.items() if k.startswith("scores.")})
        for i in range(int(state["n_stores"])):
            s = _Store(None, None)
            for name in vars(s):
                v = state[f"store.{i}.{name}"]
                setattr(s, name, np.array(v) if isinstance(v, np.ndarray) else list(v) if isinstance(v, list) else v)
            self._stores.append(s)
        return self
