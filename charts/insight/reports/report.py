"""Builds a report: one value that page, tables and JSON are made from."""

from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from charts.insight.answers.causes import Explained, explained
from charts.insight.answers.knowledge import books, holdings
from charts.insight.answers.people import LEAST_ORDERS
from charts.insight.answers.values import money_rows, value
from charts.insight.customers.tables import customers, report_tables
from charts.insight.questions.dates import Span, moved, of_unit
from charts.insight.reports.commentary import Sentence, commentary
from charts.insight.reports.decisions import Decision, decisions
from charts.insight.reports.places import Interval, Place, places
from charts.insight.reports.profiles import Profile, profiles
from charts.insight.reports.rhythm import Weekday, by_weekday, surest_mover
from charts.insight.reports.staff import cashiers
from charts.queries.forecasts import score_totals
from charts.queries.grouped import Selection, cells, grouped
from charts.queries.held import Remembering
from charts.queries.sales import Finds, Period, Sums
from streams.contract.errors import UsageError

Table = list[dict[str, Any]]
TOTALS: Final = ("revenue", "profit", "margin", "units", "sales", "returns", "orders", "order_value")
DEFAULT_TOP: Final = 20


@dataclass(frozen=True, slots=True)
class Report:
    """A report; tables are lists of rows with the same keys. Money is in `currency`, ratios are fractions."""

    period: Period
    before: Period
    year: Period
    stores: tuple[str, ...]
    currency: str | None
    sentences: list[Sentence]
    total: Interval | None
    places: list[Place]
    products: list[Profile]
    decisions: list[Decision]
    tables: dict[str, Table]
    months: dict[str, dict[str, float]]
    """Revenue by store and month, for the picture over time."""
    watermark: dict[str, Any]
    books: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "period": asdict(self.period),
            "before": asdict(self.before),
            "year_before": asdict(self.year),
            "stores": list(self.stores),
            "currency": self.currency,
            "commentary": [asdict(one) for one in self.sentences],
            "tables": self.tables,
            "watermark": self.watermark,
            "books": self.books,
            "notes": self.notes,
        }


def report(
    database: Finds, stores: tuple[str, ...] = (), first: str | None = None, last: str | None = None, top: int = DEFAULT_TOP,
    currency: str | None = None, *, staff: bool = False,
) -> Report | None:  # fmt: skip
    """The report of a period, by default the newest whole month; None: the database holds no sales.

    top: rows of each table about products and customers; the others are in the sums. staff: whether cashiers are told of.

    Raises ServerError, UsageError.
    """
    database = Remembering(database)
    held = holdings(database)
    if held is None:
        return None
    unknown = sorted(set(stores) - set(held.known.stores))
    if unknown:
        raise UsageError(f"There is no store {unknown[0]!r}. There are {', '.join(held.known.stores[:20])}.")
    if currency is None and len(held.currencies) > 1:
        raise UsageError(f"Currencies are never added up: name one with --currency, of {', '.join(map(str, held.currencies))}.")
    money = currency or held.currencies[0]
    now, before, year = periods(held.first_day, held.known.today, first, last)
    found, total = places(database, now, before, year, money, stores)
    products = profiles(database, held.known.today, money, stores)
    what_to_do = decisions(products)
    causes = _causes(database, now, before, stores, money)
    errors = score_totals(database, stores[0] if len(stores) == 1 else None)
    weekdays = by_weekday(database, held.known.today, money, stores)
    moved = _movers(database, now, before, stores, money, top)
    sure = surest_mover(database, [str(row["item"]) for row in moved], now, before, money, stores)
    people = customers(database, now, before, money, stores, top)
    at_work, hidden = cashiers(database, now, money, stores) if staff else ([], 0)
    sentences = commentary(now, before, total, found, causes, products, what_to_do, errors, weekdays, sure, people, at_work)
    tables = {
        "totals": _totals(database, (now, before, year), stores, money, held.first_day),
        "causes": _cause_rows(causes),
        "places": [_flat(one) for one in found],
        "products": [_flat(one) for one in products[:top]],
        "movers": moved,
        "margin_eaters": _margin_eaters(products, top),
        "decisions": [asdict(one) for one in what_to_do[: max(top, 1)]],
        **({} if people is None else report_tables(people)),
        **({"cashiers": [asdict(one) for one in at_work]} if at_work else {}),
        "weekdays": [_flat(one) for one in weekdays],
        "errors": [{"horizon": name, **sums.shown()} for name, sums in errors.items()],
    }
    notes = [f"The data begin on {held.first_day}; earlier days count as nothing."] if held.first_day > (before.first or "") else []
    if people is not None and people.outlook is None:
        notes.append("Too few customers have come back to say what to expect of them.")
    notes += [f"{hidden} cashiers with fewer than {LEAST_ORDERS} orders are not shown."] if hidden else []
    return Report(
        now, before, year, stores, money, sentences, total, found, products, what_to_do, tables,
        _months(database, stores, money), held.watermark, books(database, stores, now), notes,
    )  # fmt: skip


def periods(first_day: str, today: str, first: str | None, last: str | None) -> tuple[Period, Period, Period]:
    """The report's period, the one before, and the same a year ago. Raises UsageError."""
    try:
        if first is None and last is None:
            span = moved(of_unit(date.fromisoformat(today), "month"), -1)
            if span.last.isoformat() < first_day:
                span = Span(date.fromisoformat(first_day), date.fromisoformat(today), "range")
        else:
            span = Span(date.fromisoformat(first or first_day), date.fromisoformat(last or today), "range")
    except ValueError:
        raise UsageError(f"--from {first!r} --to {last!r}: give dates, as in 2026-05-01.") from None
    if span.first > span.last:
        raise UsageError(f"--from {span.first} lies after --to {span.last}.")
    is_month = span.first.day == 1 and (span.last + timedelta(1)).day == 1 and span.first.month == span.last.month
    span = of_unit(span.first, "month") if is_month and span.first.year == span.last.year else span
    found = (span, span.previous(), span.year_before())
    now, before, year = (Period(one.first.isoformat(), one.last.isoformat()) for one in found)
    return now, before, year


def _totals(database: Finds, found: tuple[Period, Period, Period], stores: tuple[str, ...], currency: str | None, first_day: str) -> Table:
    """The whole of each period; None where a period lies before the first day of the data."""
    sums = [grouped(database, Selection(period, stores)).get("", Sums()) for period in found]
    rows = []
    for measure in TOTALS:
        now, before, year = (
            value(one, measure, currency) if (period.last or "") >= first_day else None for one, period in zip(sums, found, strict=True)
        )
        change = round(100 * (now - before) / before, 1) if now is not None and before is not None and before > 0 else None
        rows.append({"measure": measure, "now": now, "before": before, "change_percent": change, "year_before": year})
    return rows


def _causes(database: Finds, now: Period, before: Period, stores: tuple[str, ...], currency: str | None) -> Explained | None:
    found = [cells(database, Selection(period, stores)) for period in (before, now)]
    return explained(found[0], found[1], "revenue", currency) if all(found) else None


def _cause_rows(causes: Explained | None) -> Table:
    if causes is None:
        return []
    rows: Table = [{"cause": one.name, "revenue_change": round(one.amount / 1e6, 2), "series": one.series} for one in causes.causes]
    return [*rows, {"cause": "change", "revenue_change": round(causes.change / 1e6, 2), "series": None}]


def _flat(row: Place | Profile | Weekday) -> dict[str, Any]:
    """A row without values in values: the interval becomes columns."""
    flat = asdict(row)
    if "interval" in flat:
        band = flat.pop("interval") or {}
        flat |= {"a_day_low": _rounded(band.get("low")), "a_day_high": _rounded(band.get("high"))}
    return flat


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 2)


def _movers(database: Finds, now: Period, before: Period, stores: tuple[str, ...], currency: str | None, top: int) -> Table:
    """The items whose revenue changed most, in either direction."""
    current, earlier = (grouped(database, Selection(period, stores), "item") for period in (now, before))
    rows: Table = []
    for item in {*current, *earlier}:
        mine, old = (one.get(item, Sums()).revenue_in(currency) for one in (current, earlier))
        rows.append({"item": item, "revenue": mine / 1e6, "before": old / 1e6, "change": round((mine - old) / 1e6, 2)})
    rows.sort(key=lambda row: (-abs(row["change"]), row["item"]))
    return rows[:top]


def _margin_eaters(products: list[Profile], top: int) -> Table:
    """Items that lower the margin of the whole: what they would have earned at its margin, less what they earned, in 91 days."""
    known = [one for one in products if one.profit is not None and one.margin is not None]
    revenue = sum(one.revenue for one in known)
    if revenue <= 0:
        return []
    usual = sum(one.profit or 0.0 for one in known) / revenue
    rows: Table = [
        {"item": one.item, "revenue": one.revenue, "margin": one.margin, "below_usual": round(usual * one.revenue - (one.profit or 0.0), 2)}
        for one in known
    ]
    rows = [row for row in rows if row["below_usual"] > 0]
    rows.sort(key=lambda row: (-row["below_usual"], row["item"]))
    return rows[:top]


def _months(database: Finds, stores: tuple[str, ...], currency: str | None) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for (store, month), sums in _by_store_month(database, stores).items():
        if money_rows(sums, currency)[0]:
            found.setdefault(store, {})[month] = sums.revenue_in(currency) / 1e6
    return {store: dict(sorted(found[store].items())) for store in sorted(found)}


def _by_store_month(database: Finds, stores: tuple[str, ...]) -> dict[tuple[str, str], Sums]:
    names = stores or tuple(grouped(database, Selection(), "store"))
    return {(store, month): sums for store in names for month, sums in grouped(database, Selection(stores=(store,)), "month").items()}
