"""Today: how each store's day goes, what should come of it, and what surprises."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from litestar import MediaType, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.queries.assortment import Foreseen, Key, SoldItem
from charts.queries.running_totals import TotalRow
from charts.queries.trading_day import ScoredTotal, TradingDay, ratios, was_expected
from charts.web.pages import freshness
from charts.web.pages.books import Books
from charts.web.pages.desk import Desk
from charts.web.pages.freshness import State
from charts.web.pages.shelf_alarms import alarm_words, alarms_with_money
from charts.web.pages.visit import Visit
from charts.web.web import AnyRequest

PRICED_DAYS: Final = 28
"""Prices are means of so many days."""
MOST_SURPRISES: Final = 12
MOST_CHANGES: Final = 8
MOST_ALARMS: Final = 12
Band = tuple[float, float, float]
"""Low, most likely, high."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """An item whose day goes otherwise than its band of the morning says. Units; money in `currency`."""

    store: str
    item: str
    currency: str | None
    morning: tuple[float, float, float]
    """Mean, P10 and P90 before the day began."""
    now: float
    sold: float
    money: float
    """Revenue more or less than expected in the morning."""


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store's day. Money in `currency`."""

    day: TradingDay
    currency: str | None
    revenue: float
    morning: float | None
    """Revenue expected before the day began; None: no forecast of it."""
    band: Band | None
    """Revenue expected by close; None: closed, or no forecast yet."""
    closed: bool
    before: float | None
    state: State
    reading: bool = False
    """The forecasts are still being read."""

    @property
    def likely(self) -> float:
        """What the day brings: what it brought if it is closed."""
        return self.band[1] if self.band else self.revenue

    @property
    def against_morning(self) -> float | None:
        """What the day brings over what was expected in the morning, less 1."""
        return _over(self.likely, self.morning) if self.band or self.closed else None

    @property
    def against_before(self) -> float | None:
        """The same over the same weekday a week ago."""
        return _over(self.likely, self.before) if self.band or self.closed else None

    @property
    def top(self) -> float:
        """The end of the picture's scale."""
        return 1.05 * max(self.revenue, self.before or 0.0, self.band[2] if self.band else 0.0, self.morning or 0.0)


def _over(amount: float, base: float | None) -> float | None:
    return amount / base - 1 if base is not None and base > 0 else None


def expected_revenue(day: TradingDay, ahead: Mapping[Key, Foreseen], sold: Mapping[Key, SoldItem]) -> tuple[float | None, float | None]:
    """A store's revenue of a day as it was expected in the morning, and as it is expected now; None: no forecast.

    At the mean price of each item in the newest 28 days. Items whose day has no newer forecast count with that of the morning.
    """
    mornings, nows, found = 0.0, 0.0, False
    for key, one in ahead.items():
        price = _price(sold.get(key), day.currency)
        morning = one.mean_of(day.day)
        if price is None or (morning is None and one.today != day.day):
            continue
        found = True
        mornings += price * (morning or 0.0)
        nows += price * (one.today_mean if one.today == day.day else morning or 0.0)
    return (mornings, nows) if found else (None, None)


def store_view(
    day: TradingDay,
    ahead: Mapping[Key, Foreseen] | None,
    sold: Mapping[Key, SoldItem] | None,
    scored: Sequence[ScoredTotal],
    state: State,
    total: TotalRow | None = None,
) -> StoreView:
    """A store's day, with what is expected of it.

    The band is that of the part still to come: in proportion that of the model's forecast of the day's total, in units; without one, how
    far the store's total lay off the forecast on 8 of 10 of its newest 56 days.
    """
    if ahead is None or sold is None:
        return StoreView(day, day.currency, day.revenue, None, None, False, day.revenue_before, state, reading=True)
    closed = bool(ahead) and max(one.origin for one in ahead.values()) >= day.day
    morning, now = expected_revenue(day, ahead, sold)
    band = None
    if closed:
        share = was_expected(scored, day.day)
        morning = None if share is None else share * day.revenue
    elif now is not None:
        rest = max(now - day.revenue, 0.0)
        low, high = spread(total, day.day) or ratios(scored) or (1.0, 1.0)
        band = (day.revenue + rest * min(low, 1.0), day.revenue + rest, day.revenue + rest * max(high, 1.0))
    return StoreView(day, day.currency, day.revenue, morning, band, closed, day.revenue_before, state)


def spread(total: TotalRow | None, day: str) -> tuple[float, float] | None:
    """P10 and P90 of the units still to come over their mean, of a total of this day; None: there is none, or nothing is to come."""
    if total is None or total.day != day or total.mean - total.sold_so_far < 1:
        return None
    rest = total.mean - total.sold_so_far
    return max(total.p10 - total.sold_so_far, 0.0) / rest, max(total.p90 - total.sold_so_far, 0.0) / rest


def surprises(day: TradingDay, ahead: Mapping[Key, Foreseen], sold: Mapping[Key, SoldItem]) -> list[Surprise]:
    """Items whose day is now expected outside the band of the morning, most money at stake first."""
    found = []
    for key, one in ahead.items():
        price = _price(sold.get(key), day.currency)
        morning = one.mean_of(day.day)
        if one.today != day.day or morning is None or price is None:
            continue
        mean, low, _, high = one.next_day
        share = morning / mean if mean > 0 else 1.0
        if low * share <= one.today_mean <= high * share:
            continue
        money = (one.today_mean - morning) * price
        found.append(Surprise(*key, day.currency, (morning, low * share, high * share), one.today_mean, one.today_sold, money))
    return sorted(found, key=lambda one: (-abs(one.money), one.store, one.item))


def _price(sold: SoldItem | None, currency: str | None) -> float | None:
    return sold.price if sold is not None and sold.currency == currency else None


@dataclass(frozen=True, slots=True)
class Total:
    """All stores of one currency together."""

    currency: str | None
    stores: int
    revenue: float
    band: Band | None
    morning: float | None
    before: float | None

    @property
    def against_morning(self) -> float | None:
        """What the day brings over what was expected in the morning, less 1."""
        return None if self.band is None else _over(self.band[1], self.morning)

    @property
    def against_before(self) -> float | None:
        """The same over the same weekday a week ago."""
        return None if self.band is None else _over(self.band[1], self.before)


def totals(views: Iterable[StoreView]) -> list[Total]:
    """The stores by currency, those of the newest day only; a total is told where it is known of each of them.

    Stores are taken to be off together, as on a day of bad weather: the ends of their bands are added up.
    """
    groups: defaultdict[str | None, list[StoreView]] = defaultdict(list)
    views = list(views)
    newest = max((view.day.day for view in views), default="")
    for view in views:
        if view.day.day == newest:
            groups[view.currency].append(view)
    found = []
    for currency, group in groups.items():
        bands = [view.band or (view.revenue,) * 3 if view.band or view.closed else None for view in group]
        known = [band for band in bands if band is not None]
        band = None if len(known) < len(group) else (sum(b[0] for b in known), sum(b[1] for b in known), sum(b[2] for b in known))
        found.append(
            Total(currency, len(group), sum(v.revenue for v in group), band, _all(v.morning for v in group), _all(v.before for v in group))
        )
    return sorted(found, key=lambda total: -total.stores)


def _all(amounts: Iterable[float | None]) -> float | None:
    known = list(amounts)
    return None if any(amount is None for amount in known) else sum(amount for amount in known if amount is not None)


def today(books: Books, visit: Visit) -> dict[str, Any]:
    """What the page shows."""
    chosen = visit.filters.store
    names = books.stores() if chosen is None else [chosen]
    views: list[StoreView] = []
    found: list[Surprise] = []
    lately: dict[Key, SoldItem] = {}
    for day in books.trading_days(names):
        name = day.store
        sold, ahead = books.sold(name, PRICED_DAYS), books.foreseen(name)
        state = freshness.state_of(day.newest_sale, visit.now, day.arrivals_an_hour, visit.speech.zone)
        views.append(store_view(day, ahead, sold, books.scored_totals(name), state, books.running_total(name)))
        lately |= sold or {}
        if ahead is not None and sold is not None:
            category = visit.filters.category
            mine = {key: one for key, one in ahead.items() if category is None or (sold[key].category if key in sold else None) == category}
            found += surprises(day, mine, sold)
    found.sort(key=lambda one: -abs(one.money))
    alarms = alarms_with_money(books.alarms(chosen), lately, {view.day.store: view.day.day for view in views})
    changes = [one for one in books.drifts() if chosen is None or one.get("store") == chosen]
    return {
        "views": views,
        "totals": totals(views),
        "newest": max((view.day.day for view in views), default=None),
        "surprises": found[:MOST_SURPRISES],
        "more_surprises": max(len(found) - MOST_SURPRISES, 0),
        "alarms": alarms[:MOST_ALARMS],
        "more_alarms": max(len(alarms) - MOST_ALARMS, 0),
        "alarm_words": alarm_words,
        "changes": changes[:MOST_CHANGES],
        "reading": any(view.reading for view in views),
        "silent": [view for view in views if view.state in ("warn", "bad")],
    }


def today_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/`."""

    @get("/", media_type=MediaType.HTML, include_in_schema=False)
    async def index(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "today.html", lambda visit: today(desk.books, visit))

    return [index]
