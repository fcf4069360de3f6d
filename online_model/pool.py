"""What the series of a pool share, and the business dates by which the pool counts time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.calendar.dates import CalendarTable, HolidayKeys
from online_model.calendar.multiplier import CalendarModel
from online_model.combine.bias import BiasGain
from online_model.combine.gate import Gate
from online_model.combine.mixture import Mixture
from online_model.combine.quantiles import Quantiles
from online_model.combine.scores import Scores
from online_model.combine.year_correction import YearCorrection
from online_model.experts.features import N_REGRESSION_FEATURES, PRIOR_ON, OwnYear
from online_model.experts.registry import EXPERTS
from online_model.experts.shared_residual import SharedResiduals
from online_model.horizons import SPANS
from online_model.series.cold_start import ItemLevels
from online_model.series.level_shift import CommonResiduals
from online_model.series.profile import PooledProfile
from online_model.state import dump_fields, load_fields
from online_model.stock.reached import Reached
from online_model.stock.rest_of_day import RestOfDay
from online_model.today.nowcast import Nowcast
from online_model.today.shared import SharedToday

if TYPE_CHECKING:
    from collections.abc import Mapping

    from online_model.experts.regressors import PooledRegressor

CAUTION: Final = tuple(0.5 * b**0.5 for b in SPANS)
"""Extra ridge of the regressions by horizon, in dates. It grows with the horizon: longer windows overlap more and tell less."""


class Pool:
    """What the series of a pool share.

    Each store closes its days by itself. A new business date of the pool begins when the first store closes a day newer than any
    before it. At that moment, once a date, old evidence decays, and the pool notes the effects against which all stores measure
    their residuals of that date.

    Attributes
    ----------
    day, first_day
        Newest day that any store has closed; the first one.
    closes, last_closes
        Number of closes on the current business date and on the one before.
    started
        Number of series that have sold something.

    """

    PARTS = (
        "calendar", "profile", "shared", "items", "own_year", "year", "mixture", "bias", "gate", "quantiles", "nowcast", "scores",
        "residuals", "rest", "reached",
    )  # fmt: skip

    def __init__(self) -> None:
        self.day = 0
        self.first_day = 0
        self.closes = 0
        self.last_closes = 0
        self.started = 0
        self.calendar = CalendarModel()
        self.profile = PooledProfile()
        self.shared = SharedResiduals()
        self.items = ItemLevels()
        self.own_year = OwnYear()
        self.year = YearCorrection()
        self.mixture = Mixture()
        self.bias = BiasGain()
        self.gate = Gate()
        self.quantiles = Quantiles()
        self.nowcast = Nowcast()
        self.today = SharedToday()
        self.scores = Scores()
        self.residuals = CommonResiduals()
        self.rest = RestOfDay()
        self.reached = Reached()
        self.regressors: dict[str, list[PooledRegressor]] = {
            expert.name: [expert.regression.make(caution) for caution in CAUTION] for expert in EXPERTS if expert.regression is not None
        }
        for model in self.models:
            model.start(N_REGRESSION_FEATURES, PRIOR_ON)
        self.keys = HolidayKeys()
        self._tables: dict[tuple[str | None, str | None], CalendarTable] = {}

    @property
    def models(self) -> list[PooledRegressor]:
        """The regressions of all experts that have one, one a horizon each."""
        return [model for models in self.regressors.values() for model in models]

    @property
    def share(self) -> float:
        """The weight of one store within a business date."""
        return 1.0 / max(self.last_closes, 1)

    @property
    def many_stores(self) -> bool:
        """Whether the pool has more than one store, so that stores can share items."""
        return len(self.shared.store_ewma) > 1

    def know(self, n_stores: int, n_items: int) -> None:
        """Make room for this many stores and items."""
        self.shared.know(n_stores, n_items)
        self.items.know(n_items)

    def table(self, country: str | None, subdivision: str | None) -> CalendarTable:
        """The calendar of a country and its subdivision."""
        place = (country, subdivision)
        if place not in self._tables:
            self._tables[place] = CalendarTable(country, subdivision, self.keys)
        return self._tables[place]

    def begin(self, day: int) -> None:
        """Note that a store closes `day`; begins a new business date if no store has closed it before."""
        if day > self.day:
            self.first_day = self.first_day or day
            self.day = day
            self.last_closes, self.closes = self.closes, 0
            for part in (
                self.calendar, self.profile, self.shared, self.own_year, self.mixture, self.gate, self.quantiles, self.scores, self.rest,
                self.reached,
            ):  # fmt: skip
                part.new_date()
            self.bias.new_date(day)
            for model in self.models:
                model.age()
            self.today.regression.age()
        self.closes += 1

    def dump(self) -> dict[str, Any]:
        """The complete state."""
        out: dict[str, Any] = {f"pool.{k}": getattr(self, k) for k in ("day", "first_day", "closes", "last_closes", "started")}
        out["pool.keys"] = list(self.keys.names)
        for part in self.PARTS:
            out |= dump_fields(getattr(self, part), f"pool.{part}")
        out |= self.today.dump("pool.today")
        for i, model in enumerate(self.models):
            out[f"pool.model{i}.information"] = model.information.copy()
            out[f"pool.model{i}.response"] = model.response.copy()
            out[f"pool.model{i}.weights"] = model.weights.copy()
            out[f"pool.model{i}.numbers"] = [model.unsolved, model.dates, float(model.came)]
        return out

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Pool:
        """Restore what `dump` returned."""
        self = cls()
        for name in ("day", "first_day", "closes", "last_closes", "started"):
            setattr(self, name, int(state[f"pool.{name}"]))
        self.keys.restore(list(state["pool.keys"]))
        for part in cls.PARTS:
            load_fields(getattr(self, part), f"pool.{part}", state)
        self.today = SharedToday.load("pool.today", state)
        for i, model in enumerate(self.models):
            model.information = np.array(state[f"pool.model{i}.information"])
            model.response = np.array(state[f"pool.model{i}.response"])
            model.weights = np.array(state[f"pool.model{i}.weights"])
            model.unsolved, model.dates, came = (float(v) for v in state[f"pool.model{i}.numbers"])
            model.came = bool(came)
        return self
