"""What a partition knows about a store outside the model: its items, its open days, its clock, its announcements and plans."""

from collections.abc import Mapping
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.contract.codec import MAX_OPENINGS, MAX_PROMOTIONS, MAX_SHELF_ITEMS, MAX_SHELVES
from streams.contract.errors import RejectedEvent
from streams.processor.day_messages import VALUES
from streams.processor.ledger import Ledger
from streams.processor.shelf_watch import DayAlarms

MAX_CATEGORIES: Final = 1000
"""Most categories of a store that are told apart."""
PROFIT_KEEP: Final = 0.97
"""Factor by which a day's profit and units fade each day: about a month is remembered."""


class _Described(msgspec.Struct):
    """The part of a shelf's definition that it takes to count its items."""

    items: list[msgspec.Raw]


class OpenDay:
    """What was sold on a business day that has not closed yet. `row` is an item's number in its store."""

    __slots__ = ("by_hour", "last_order", "lines", "profit", "promoted", "receipts", "sold")

    def __init__(self) -> None:
        self.by_hour: dict[int, float] = {}  # row * 24 + hour -> units
        self.profit: dict[int, int] = {}  # row -> profit where known, micro-units
        self.promoted: dict[int, None] = {}  # rows sold on promotion; a dict keeps their order
        self.sold: list[float] = []  # units by row; shorter than the store's items where the newest have not sold
        self.lines = 0  # sales since the model last followed the day
        self.receipts = 0  # runs of sales with the same order_id
        self.last_order: str | None = None

    def count(self, row: int, quantity: float, order_id: str | None) -> int:
        """Count a sale's units, its line, and its receipt if it begins one; returns `lines`."""
        sold = self.sold
        if row >= len(sold):
            sold.extend([0.0] * (row + 1 - len(sold)))
        sold[row] += quantity
        self.lines += 1
        if order_id is None or order_id != self.last_order:
            self.receipts += 1
            self.last_order = order_id
        return self.lines

    def hours(self, n: int) -> NDArray[np.float64]:
        """Units by item and local hour, [n, 24]."""
        return _spread(self.by_hour, n * 24).reshape(n, 24)

    def units(self, n: int) -> NDArray[np.float64]:
        """Units by item, [n]."""
        units = np.zeros(n)
        units[: len(self.sold)] = self.sold
        return units

    def dump(self) -> dict[str, Any]:
        """The day as arrays."""
        return {
            "hour_keys": np.fromiter(self.by_hour, np.int64, len(self.by_hour)),
            "hour_units": np.fromiter(self.by_hour.values(), np.float64, len(self.by_hour)),
            "profit_rows": np.fromiter(self.profit, np.int64, len(self.profit)),
            "profit_micros": [str(micros) for micros in self.profit.values()],  # may exceed 64 bits
            "promoted": list(self.promoted),
            "sold": np.array(self.sold),
            "receipts": [self.lines, self.receipts],
            "last_order": self.last_order,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Self:
        """Restore what `dump` returned."""
        day = cls()
        day.by_hour = dict(zip(state["hour_keys"].tolist(), state["hour_units"].tolist(), strict=True))
        day.profit = dict(zip(state["profit_rows"].tolist(), map(int, state["profit_micros"]), strict=True))
        day.promoted = dict.fromkeys(state["promoted"])
        day.sold = state["sold"].tolist()
        day.lines, day.receipts = state["receipts"]
        day.last_order = state["last_order"]
        return day


def _spread(values: Mapping[int, float], size: int) -> NDArray[np.float64]:
    """Values by place as an array of `size`, 0 elsewhere."""
    out = np.zeros(size)
    out[np.fromiter(values, np.intp, len(values))] = np.fromiter(values.values(), np.float64, len(values))
    return out


class Store:
    """One store of a partition."""

    __slots__ = (
        "alarms",
        "categories",
        "close_at",
        "closed_run",
        "days",
        "days_sold",
        "doubted_sales",
        "first_open",
        "follow_at",
        "groups",
        "index",
        "items",
        "key",
        "ledger",
        "morning",
        "name",
        "names",
        "newest",
        "nowcast_at",
        "nowcasts",
        "openings",
        "plans",
        "profit_kept",
        "promotions",
        "quiet",
        "quiet_day",
        "series",
        "shelves",
        "totals",
        "units_kept",
    )

    def __init__(self, name: str, index: int) -> None:
        self.name = name
        self.key = name.encode()
        self.index = index  # in the model
        self.items: dict[str, int] = {}  # item -> row
        self.names: list[str] = []  # row -> item
        self.series: list[int] = []  # row -> series of the partition
        self.closed_run = 0  # days in a row without a sale, up to the newest closed one
        self.days: dict[int, OpenDay] = {}  # days since 1970 -> what was sold
        self.days_sold = 0  # days with sales since the history began
        self.doubted_sales = 0  # sales of the history before it was believed
        self.first_open: int | None = None  # oldest day that has not closed
        self.newest = float("-inf")  # newest event time, seconds
        self.close_at = float("inf")  # event time at which `first_open` closes
        self.nowcast_at = float("inf")  # event time of the next forecast of today
        self.follow_at = float("inf")  # event time from which the model follows the running day; infinite until enough is sold
        self.categories: dict[str, int] = {}  # category -> its number
        self.groups: list[int] = []  # number of each row's category, -1: none; shorter where the newest rows have none
        self.totals = np.zeros(0)  # last published total of today, of the store and then by category; NaN or missing: none yet
        self.nowcasts = np.zeros(0)  # last published total of today, by row; NaN or missing: none yet
        self.promotions: dict[tuple[int, int, int], None] = {}  # row, first day, last day; days since 1970
        self.openings: list[tuple[int, int, bool]] = []  # first day, last day, open; the later entry wins
        self.alarms: dict[int, DayAlarms] = {}  # days since 1970 -> what was said of the shelves
        self.quiet_day = -1  # the day of `quiet`
        self.quiet: NDArray[np.int8] = np.zeros((24, 0), np.int8)  # see `ShelfWatch.quiet`
        self.ledger: Ledger | None = None  # None until something is told of stock
        self.shelves: dict[str, bytes] = {}  # shelf -> its definition as sent
        self.plans: dict[str, dict[str, int]] = {}  # shelf -> item -> facings of the plan in force
        self.morning = np.zeros((len(VALUES), 0))  # `VALUES` of the day after the newest closed one, by row
        self.profit_kept = np.zeros(0)  # profit and units of the days, fading, by row: their ratio is an item's
        self.units_kept = np.zeros(0)  # usual profit a unit

    def promoted(self, day: int, ahead: int) -> NDArray[np.bool_] | None:
        """Whether each item is on promotion on `day` and the `ahead` days after it, [n, 1 + ahead]; None: no promotion is known."""
        self.promotions = {plan: None for plan in self.promotions if plan[2] >= day}
        today = self.days.get(day)
        if not self.promotions and (today is None or not today.promoted):
            return None
        out = np.zeros((len(self.names), 1 + ahead), bool)
        for row, first, last in self.promotions:
            out[row, max(first - day, 0) : max(last - day + 1, 0)] = True
        if today is not None:
            out[list(today.promoted), 0] = True
        return out

    def alarms_of(self, day: int) -> DayAlarms:
        """What was said of the shelves on a day that has not closed."""
        alarms = self.alarms.get(day)
        if alarms is None:
            alarms = self.alarms[day] = DayAlarms()
        return alarms

    def categorise(self, row: int, category: str) -> None:
        """Note an item's category. The store's first 1,000 categories have totals of their own."""
        number = self.categories.get(category)
        if number is None:
            if len(self.categories) >= MAX_CATEGORIES:
                return
            number = self.categories[category] = len(self.categories)
        groups = self.groups
        if len(groups) <= row:
            groups.extend([-1] * (row + 1 - len(groups)))
        groups[row] = number

    def groups_of(self, n: int) -> NDArray[np.intp] | None:
        """Number of each row's category, [n], -1: none; None: the store has no categories."""
        if not self.categories:
            return None
        out = np.full(n, -1, np.intp)
        out[: len(self.groups)] = self.groups
        return out

    def forget_history(self) -> None:
        """Return to the state before the first sale: the next sale begins the history. Announcements, shelves, plans and stock stay."""
        self.days.clear()
        self.alarms.clear()
        self.first_open = None
        self.close_at = self.nowcast_at = self.follow_at = float("inf")
        self.closed_run = self.days_sold = self.doubted_sales = 0
        self.nowcasts, self.totals, self.morning = np.zeros(0), np.zeros(0), np.zeros((len(VALUES), 0))
        self.profit_kept, self.units_kept = np.zeros(0), np.zeros(0)

    def is_over(self, day: int) -> bool:
        """Whether a day has closed: an announcement that ends with it changes nothing."""
        return self.first_open is not None and day < self.first_open

    def plan_promotion(self, plan: tuple[int, int, int]) -> None:
        """Note a promotion: row, first day, last day. Raises RejectedEvent if there are too many."""
        if len(self.promotions) >= MAX_PROMOTIONS and plan not in self.promotions:
            raise RejectedEvent("too_many_plans", f"The store has {MAX_PROMOTIONS} announced promotions already: send longer runs of days.")
        self.promotions[plan] = None

    def check_shelf(self, name: str, items: int) -> None:
        """Raise RejectedEvent if the store has no room for a shelf of this many items; each item is planned at every close."""
        others = [definition for known, definition in self.shelves.items() if known != name]
        if len(others) >= MAX_SHELVES:
            raise RejectedEvent("too_many_plans", f"The store has {MAX_SHELVES} shelves already: redefine one of them.")
        if items + sum(len(msgspec.json.decode(definition, type=_Described).items) for definition in others) > MAX_SHELF_ITEMS:
            raise RejectedEvent("too_many_plans", f"The store's shelves would have more than {MAX_SHELF_ITEMS} items together.")

    def withdraw_opening(self, first: int, last: int) -> None:
        """Forget what was announced for exactly these days."""
        self.openings = [plan for plan in self.openings if plan[:2] != (first, last)]

    def plan_opening(self, first: int, last: int, *, opens: bool) -> None:
        """Note that the store opens, or stays closed, from `first` to `last`. Raises RejectedEvent if there are too many.

        Earlier announcements that lie within these days are dropped, as they no longer count.
        """
        kept = [plan for plan in self.openings if plan[0] < first or plan[1] > last]
        if len(kept) >= MAX_OPENINGS:
            raise RejectedEvent(
                "too_many_plans", f"The store has {MAX_OPENINGS} announced runs of open and closed days already: send longer runs."
            )
        self.openings = [*kept, (first, last, opens)]

    def opening_told(self, day: int, ahead: int) -> dict[int, bool]:
        """Whether the store opens on `day` and the `ahead` days after it, for the days that were announced."""
        self.openings = [plan for plan in self.openings if plan[1] >= day]
        told: dict[int, bool] = {}
        for first, last, opens in self.openings:
            told |= dict.fromkeys(range(max(first, day), min(last, day + ahead) + 1), opens)
        return told

    def take_profit(self, sold: OpenDay) -> None:
        """Learn the usual profit per unit from a closed day."""
        n = len(self.names)
        more = n - len(self.profit_kept)
        self.profit_kept = np.append(self.profit_kept, np.zeros(more)) * PROFIT_KEEP
        self.units_kept = np.append(self.units_kept, np.zeros(more)) * PROFIT_KEEP
        profit = _spread(sold.profit, n) / 1e6
        known = np.zeros(n, bool)
        known[list(sold.profit)] = True
        self.profit_kept += profit
        self.units_kept += np.where(known, sold.units(n), 0.0)

    def unit_profit(self, n: int) -> NDArray[np.float64]:
        """Usual profit per unit of the first `n` rows, in the currency; where unknown, the mean of the others, else 1."""
        enough = self.units_kept > 0.01
        known = np.divide(self.profit_kept, self.units_kept, out=np.zeros_like(self.profit_kept), where=enough)
        usual = float(self.profit_kept[enough].sum() / self.units_kept[enough].sum()) if enough.any() else 1.0
        out = np.full(n, usual)
        out[: len(known)][enough] = known[enough]
        return out

    def dump(self) -> dict[str, Any]:
        """The store as plain values and arrays."""
        return {
            "name": self.name,
            "index": self.index,
            "names": self.names,
            "series": np.array(self.series, np.int64),
            "days": [[day, open_day.dump()] for day, open_day in self.days.items()],
            "first_open": self.first_open,
            "days_sold": self.days_sold,
            "doubted_sales": self.doubted_sales,
            "closed_run": self.closed_run,
            "times": np.array([self.newest, self.close_at, self.nowcast_at, self.follow_at]),
            "nowcasts": self.nowcasts,
            "totals": self.totals,
            "categories": list(self.categories),
            "groups": self.groups,
            "promotions": list(self.promotions),
            "openings": self.openings,
            "alarms": [[day, alarms.dump()] for day, alarms in self.alarms.items()],
            "quiet": self.quiet,
            "quiet_day": self.quiet_day,
            "ledger": None if self.ledger is None else self.ledger.dump(),
            "shelves": self.shelves,
            "plans": self.plans,
            "morning": self.morning,
            "profit_kept": self.profit_kept,
            "units_kept": self.units_kept,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Self:
        """Restore what `dump` returned."""
        store = cls(state["name"], state["index"])
        store.names = state["names"]
        store.items = {name: row for row, name in enumerate(store.names)}
        store.series = state["series"].tolist()
        store.days = {day: OpenDay.load(open_day) for day, open_day in state["days"]}
        store.first_open = state["first_open"]
        store.days_sold, store.doubted_sales = state["days_sold"], state["doubted_sales"]
        store.closed_run = state["closed_run"]
        store.newest, store.close_at, store.nowcast_at, store.follow_at = state["times"].tolist()
        store.nowcasts, store.totals = state["nowcasts"], state["totals"]
        store.categories = {name: number for number, name in enumerate(state["categories"])}
        store.groups = state["groups"]
        store.promotions = {tuple(p): None for p in state["promotions"]}
        store.openings = [tuple(p) for p in state["openings"]]
        store.alarms = {day: DayAlarms.load(alarms) for day, alarms in state["alarms"]}
        store.quiet, store.quiet_day = state["quiet"], state["quiet_day"]
        store.ledger = None if state["ledger"] is None else Ledger.load(state["ledger"])
        store.shelves = state["shelves"]
        store.plans = state["plans"]
        store.morning = state["morning"]
        store.profit_kept, store.units_kept = state["profit_kept"], state["units_kept"]
        return store
