"""The forecasting state of one pool: many stores, each of which closes its own business days."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.calendar.dates import check_country
from online_model.combine.compared import Compared, log_deviation
from online_model.constants import ModelSettings
from online_model.lines.sale_regressor import SaleRegressor
from online_model.pool import Pool
from online_model.series.sold_day import DayInput
from online_model.stock.censored import sold_hours
from online_model.stock.quiet import quiet_from
from online_model.stock.running_day import RunsOut, runs_out
from online_model.stock.silence import silence
from online_model.store import StoreModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from online_model.combine.scores import Scores
    from online_model.results import DayClosed, Drift
    from online_model.today.moment import Moment, TodayForecast

    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Masks = NDArray[np.uint32]
    Announced = tuple[Bools | None, Mapping[int, bool]]

STATE_VERSION: Final = 8


class Forecaster:
    """The forecasting state of one pool.

    The results depend only on the calls and their order.

    Parameters
    ----------
    settings
        What a user may choose.

    Examples
    --------
    >>> import numpy as np
    >>> forecaster = Forecaster()
    >>> store = forecaster.add_store("Leeds", country="GB")
    >>> series = forecaster.add_series(store, "apples")
    >>> for day in range(738000, 738021):
    ...     closed = forecaster.close(store, day, np.array([12.0]), opened=True)
    >>> float(closed.horizons["day"].mean[0].round())
    12.0

    """

    def __init__(self, settings: ModelSettings = ModelSettings()) -> None:  # noqa: B008  (frozen)
        self.settings = settings
        self.sales = SaleRegressor(settings.sale_learning_rate)
        self._pool = Pool()
        self._stores: list[StoreModel] = []
        self._rows: list[list[int]] = []
        self._items: dict[str, int] = {}
        self._n_series = 0

    @property
    def scores(self) -> Scores:
        """Running scores by horizon and contender: the model and its baselines."""
        return self._pool.scores

    @property
    def knows_promotions(self) -> bool:
        """Whether a promotion that was told ahead has taught the model what promotions do."""
        return self._pool.calendar.promotions

    @property
    def gated(self) -> float:
        """The share of the same-weekday mean in the longest horizon, 0 to 1: what is announced does not change that share."""
        return float(self._pool.gate.shares()[-1])

    def add_store(self, store: str, country: str | None = None, subdivision: str | None = None) -> int:
        """Add a store.

        Parameters
        ----------
        store
            Its name.
        country, subdivision
            ISO 3166 codes that select the named holidays; None: no holidays.

        Returns
        -------
        int
            Its index: 0, 1, 2 ...

        Raises
        ------
        ValueError
            When the codes are unknown.

        """
        check_country(country, subdivision)
        self._stores.append(StoreModel(store, country, subdivision))
        self._rows.append([])
        return len(self._stores) - 1

    def add_series(self, store: int, item: str) -> int:
        """Add an item to a store at its first accepted sale; returns the index of the new series in the pool."""
        number = self._items.setdefault(item, len(self._items))
        place = self._stores[store]
        place.new_series.append(self._n_series)
        place.new_items.append(number)
        self._rows[store].append(self._n_series)
        self.sales.add_series(self._n_series)
        self._n_series += 1
        return self._n_series - 1

    def rows(self, store: int) -> NDArray[np.intp]:
        """Series of a store in the order of addition."""
        return np.array(self._rows[store], np.intp)

    def close(
        self,
        store: int,
        day: int,
        units: F64,
        *,
        opened: bool,
        hours: F64 | None = None,
        promotion: Bools | None = None,
        openings: Mapping[int, bool] | None = None,
        out_of_stock: Masks | None = None,
        silent: Bools | None = None,
        parts: bool = False,
    ) -> DayClosed:
        """Close a store's business day: score the forecasts it completes, learn, forecast.

        Parameters
        ----------
        store, day
            Index of the store; the day's ordinal. A store closes each day once, in order; only `leap` may skip days.
        units
            Net units of the series in `rows(store)`, `[n]`: returns are subtracted.
        opened
            False when the store sold nothing at all.
        hours
            Units by local hour `[n, 24]`.
        promotion
            Promotions announced for today and the 28 days ahead, `[n, 29]`; None: none. A promotion that was not announced by
            the day before it began counts from its second day on.
        openings
            Announced openings of the day and of the 35 days after it, by ordinal: True where the store opens. Days that were not
            announced follow from the store's usual week and the holidays on which it has closed.
        out_of_stock
            Hours in which each series had no stock, `[n]`: bit h is set where it was out during the local hour h, or a part of it.
            None: nothing is known of stock, or nothing was out. It takes `hours` to tell what was sold while there was stock.
        silent
            Series whose silence the radar has alarmed of and that have not sold since, `[n]`; None: none. Their day says nothing about
            a change of demand.
        parts
            Whether to say what the next day's forecast is made of. It changes nothing else.

        Returns
        -------
        DayClosed
            Forecasts, path, scores, drifts, and what the hours without stock have cost.

        Raises
        ------
        ValueError
            When a day is skipped or repeated, or an array does not have one row a series.

        """
        place, n = self._stores[store], len(self._rows[store])
        if place.last_day and day != place.last_day + 1:
            raise ValueError(f"store {place.name!r}: day {place.last_day + 1} closes next, got {day}")
        given = (("units", units), ("hours", hours), ("promotion", promotion), ("out_of_stock", out_of_stock), ("silent", silent))
        for name, array in given:
            if array is not None and len(array) != n:
                raise ValueError(f"{name}: {len(array)} rows for {n} series of store {place.name!r}")
        told = DayInput(day, units, opened, hours, promotion, openings or {}, out_of_stock, silent, parts)
        self._make_room()
        return place.close(store, told, self._pool, self._n_series)

    def compare(self, store: int, before: Announced, after: Announced) -> Compared:
        """Forecast twice what the newest close of a store forecast, as if other days had been announced. Nothing is learned.

        With the announcements of that close the forecast is that of the close again, up to what the pool has learned since and the
        precision of the frozen features. So compare the two answers, and neither with what was served.

        Parameters
        ----------
        store
            Index of the store; it has closed a day.
        before, after
            Promotions of the newest closed day and the 28 days after it, `[n, 29]`, whose first column does not count, None: none; and
            the openings as in `close`.

        """
        held, place = self._pool.own_year, self._stores[store]
        found = []
        for promotion, openings in (before, after):
            self._pool.own_year = copy.deepcopy(held)
            found.append(place.again(store, promotion, openings, self._pool))
        self._pool.own_year = held
        (one, seen), (other, then) = found
        return Compared(one, other, log_deviation(place.held, seen, then, self._pool))

    def _make_room(self) -> None:
        """Let the pool's arrays reach all stores and items: once before they are used, as each time copies them."""
        self._pool.know(len(self._stores), len(self._items))

    def leap(self, store: int, day: int) -> None:
        """Skip a store's days up to `day`, which closes next; nothing was sold on the skipped days.

        The cost is bounded, however many days are skipped. The store's own history (weekly sums, open days, newest days) becomes what
        it would be if the store had closed each of them as a closed day. But skipped days are not forecast and not scored; they teach
        nothing about the store's week and holidays, and nothing that the pool shares decays.

        Raises
        ------
        ValueError
            When the store has closed no day yet, has closed `day` already, or closes it next anyway.

        """
        place = self._stores[store]
        if not 0 < place.last_day < day - 1:
            raise ValueError(f"store {place.name!r}: closed up to {place.last_day}, there is nothing to leap over before {day}")
        place.leap(day, self._pool)

    def restart(self, store: int) -> None:
        """Forget a store's days: the next day it closes is its first. Its series stay, as if they had not sold yet."""
        old = self._stores[store]
        place = self._stores[store] = StoreModel(old.name, old.country, old.subdivision)
        held = old.series
        place.new_series, place.new_items = held.series.tolist(), held.item.tolist()
        self._pool.started -= int((held.count > 0).sum())
        if not any(other.last_day for other in self._stores):
            self._pool = Pool()

    def follow(self, store: int, told: Moment) -> None:
        """Learn what a store has sold of its running day since the last moment that was told.

        `told.day` comes after the newest closed day. A moment before the last one begins the day anew.
        """
        self._stores[store].follow(store, told, self._pool)

    def today(self, store: int, told: Moment) -> TodayForecast:
        """Follow a running day up to a moment, and forecast its totals.

        What is forecast here is scored when the day closes: that teaches the band, and how far corrections are trusted.
        """
        return self._stores[store].today(store, told, self._pool)

    def runs_out(self, store: int, day: int, hour: float, by_hour: F64, left: F64) -> RunsOut:
        """Whether what is left of a store's series lasts until the day ends.

        Parameters
        ----------
        store, day, hour
            Index of the store; ordinal of the running day, after the newest closed one; local time of day, 0 to 24.
        by_hour
            Units sold today by local hour, `[n, 24]`.
        left
            Units in stock now, `[n]`; NaN: unknown, and so is the answer.

        """
        place = self._stores[store]
        morning = place.morning(day, self._pool, len(left))
        left, whole_units = np.asarray(left, np.float64), place.integer(len(left))
        return runs_out(self._pool.rest, self._pool.reached, morning, sold_hours(by_hour), hour, left, whole_units)

    def silence(self, store: int, day: int, hour: float, by_hour: F64) -> tuple[F64, F64]:
        """How unlikely it is that the series of a store have sold nothing for so long today, without any knowledge of stock.

        Parameters are those of `runs_out`.

        Returns
        -------
        chance, at_stake
            Probability of a silence at least as long as the one up to now, `[n]`: below `ALARM_BELOW` it is worth an alarm. Units
            that the series would bring an hour now, `[n]`.

        """
        place = self._stores[store]
        n = len(by_hour)
        morning = place.morning(day, self._pool, n)
        return silence(morning.mean * morning.usual, sold_hours(by_hour), hour, morning.visit)

    def take_drift(self) -> Drift | None:
        """The drift that `SaleRegressor` noticed since the last call, or None."""
        return self.sales.take_drift()

    def bytes_a_series(self) -> float:
        """Bytes of state per series, without what the pool shares."""
        return sum(s.series.bytes_each() * len(s.series) for s in self._stores) / max(self._n_series, 1)

    def quiet_from(self, store: int, day: int, below: float) -> NDArray[np.int8]:
        """Which silences of a coming day could be less likely than `below`, see `stock.quiet.quiet_from`, `[24, n]`.

        `day` is the ordinal of the day after the newest closed one, or up to 6 days later.
        """
        morning = self._stores[store].morning(day, self._pool, len(self._rows[store]))
        return quiet_from(morning.mean * morning.usual / morning.visit, below)

    def dump(self) -> dict[str, Any]:
        """Complete state: string keys; numbers, strings, lists of them, arrays."""
        self._make_room()
        out: dict[str, Any] = {
            "version": STATE_VERSION,
            "sale_learning_rate": self.settings.sale_learning_rate,
            "n_stores": len(self._stores),
            "n_series": self._n_series,
            "items": list(self._items),
        }
        out |= {f"sales.{k}": v for k, v in self.sales.dump().items()}
        out |= self._pool.dump()
        for i, store in enumerate(self._stores):
            out |= store.dump(f"store{i}")
        return out

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Forecaster:
        """Restore what `dump` returned; the forecaster then goes on as if it had never stopped.

        Raises
        ------
        ValueError
            When another version wrote the state: rebuild it from the log.

        """
        if state["version"] != STATE_VERSION:
            raise ValueError(f"this state has version {state['version']}, the model reads {STATE_VERSION}: rebuild it from the log")
        self = cls(ModelSettings(float(state["sale_learning_rate"])))
        self.sales = SaleRegressor.load({k.removeprefix("sales."): v for k, v in state.items() if k.startswith("sales.")})
        self._pool = Pool.load(state)
        self._n_series = int(state["n_series"])
        self._items = {item: i for i, item in enumerate(state["items"])}
        for i in range(int(state["n_stores"])):
            store = StoreModel.load(f"store{i}", state)
            self._stores.append(store)
            self._rows.append([*store.held.series.tolist(), *store.new_series])
        return self
