"""Answers from sums of sales: totals, groups, rankings, shares, means a day, comparisons."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from charts.insight.answers.answer import Cell
from charts.insight.answers.knowledge import Holdings
from charts.insight.answers.values import money_rows, value
from charts.insight.questions.catalogue import MEASURES, WEEKDAYS
from charts.insight.questions.form import Bound, Form
from charts.queries.grouped import Selection, days_with_sales, grouped, lines_by_hour
from charts.queries.sales import Finds, Period, Sums

_IN_MONEY = ("revenue", "profit", "margin", "price", "order_value", "spend", "spend_per_customer")
_NAMED = ("item", "store", "customer", "segment", "cashier")
"""Dimensions whose rows stand in the order of their values, and not of their names."""


@dataclass(slots=True)
class Table:
    """Columns, rows, and sentences about them."""

    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    notes: list[str] = field(default_factory=list)


def selection_of(form: Form, *, before: bool = False) -> Selection:
    """The sale lines that a form is about, of its period or of the one compared with."""
    first, last = (form.before_first, form.before_last) if before else (form.first, form.last)
    return Selection(Period(first or None, last or None), form.stores, form.items, form.not_stores, form.not_items, form.weekdays)


def needs_one_currency(form: Form) -> bool:
    """Whether the answer compares amounts of money, so that they must be of one currency."""
    return form.measure in _IN_MONEY


def table(database: Finds, form: Form, holdings: Holdings, currency: str | None) -> Table:
    """The rows of a form about sales. Raises ServerError."""
    if form.unsold:
        return _unsold(database, form, holdings)
    if form.by == "hour":
        return _hours(database, form)
    now = grouped(database, selection_of(form), form.by)
    if form.compares:
        made = _compared(now, grouped(database, selection_of(form, before=True), form.by), form, currency)
    else:
        made = _plain(database, now, form, currency)
    made.notes += _money_notes(now.values(), form, currency)
    if holdings.first_day > (form.before_first or form.first or holdings.first_day):
        made.notes.append(f"The data begin on {holdings.first_day}: earlier days count as nothing.")
    if not any(sums.sales or sums.returns for sums in now.values()):
        made.notes.append("There is no sale line in this period and selection.")
    return made


def _plain(database: Finds, now: dict[str, Sums], form: Form, currency: str | None) -> Table:
    if not form.by:
        now = now or {"": Sums()}
    values = {key: value(sums, form.measure, currency) for key, sums in now.items()}
    columns: tuple[str, ...] = (form.measure,)
    extra: Callable[[float | None], tuple[Cell, ...]] = lambda number: (number,)  # noqa: E731 - replaced below
    if form.per_day:
        days = days_with_sales(database, selection_of(form))
        columns = (f"{form.measure}_a_day", "days")
        values = {key: None if number is None or not days else round(number / days, 4) for key, number in values.items()}
        extra = lambda number: (number, days)  # noqa: E731
    elif form.share:
        whole = value(grouped(database, _whole_of(form), "").get("", Sums()), form.measure, currency)
        columns = (form.measure, "share")
        extra = lambda number: (number, round(number / whole, 4) if whole and number is not None and whole > 0 else None)  # noqa: E731
    keys = arranged(values, values, form)
    notes = tie_notes(keys, values, form)
    head = (form.by,) if form.by else ()
    rows = [((*([label(form.by, key)] if form.by else []), *extra(values[key]))) for key in keys]
    return Table((*head, *columns), rows, notes)


def _whole_of(form: Form) -> Selection:
    """What a share is a share of: the same stores and days with all items, or the same items and days in all stores."""
    mine = selection_of(form)
    if form.by == "item" or (form.by != "store" and form.items):
        return Selection(mine.period, mine.stores, (), mine.not_stores, (), mine.weekdays)
    if form.by == "store" or form.stores:
        return Selection(mine.period, (), mine.items, (), mine.not_items, mine.weekdays)
    return mine


def _compared(now: dict[str, Sums], before: dict[str, Sums], form: Form, currency: str | None) -> Table:
    keys = list(dict.fromkeys([*now, *before])) if form.by else [""]
    current = {key: value(now.get(key, Sums()), form.measure, currency) for key in keys}
    earlier = {key: value(before.get(key, Sums()), form.measure, currency) for key in keys}
    change = {key: change_of(current[key], earlier[key]) for key in keys}
    percent = {key: percent_of(change[key], earlier[key]) for key in keys}
    ranked = change if form.ranked_by == "change" else current
    kept = arranged(ranked, current, form, change, percent)
    rows = [(*([label(form.by, key)] if form.by else []), current[key], earlier[key], change[key], percent[key]) for key in kept]
    head = (form.by,) if form.by else ()
    return Table((*head, form.measure, "before", "change", "change_percent"), rows, tie_notes(kept, ranked, form))


def change_of(one: float | None, other: float | None) -> float | None:
    """One number less another."""
    return None if one is None or other is None else round(one - other, 4)


def percent_of(change: float | None, base: float | None) -> float | None:
    """A change in percent of what was before; None without a positive base."""
    return None if change is None or not base or base <= 0 else round(100 * change / base, 1)


def arranged(
    ranked: dict[str, float | None], values: dict[str, float | None], form: Form,
    change: dict[str, float | None] | None = None, percent: dict[str, float | None] | None = None,
) -> list[str]:  # fmt: skip
    """The keys within the bounds, in order, cut at the limit; those as large as the last one stay."""
    by_what = {"value": values, "change": change or {}, "change_percent": percent or {}}
    keys = [key for key in values if all(within(by_what[one.on].get(key), one) for one in form.bounds)]
    if form.ranked_by == "change":
        # What fell did not grow, however little it fell beside others.
        keys = [key for key in keys if (ranked[key] or 0.0) * (1 if form.order == "top" else -1) > 0]
    elif form.order:
        keys = [key for key in keys if ranked[key] is not None]
    if form.order or form.by in _NAMED:
        sign = 1.0 if form.order == "bottom" else -1.0
        keys.sort(key=lambda key: (ranked[key] is None, sign * (ranked[key] or 0.0), key))
    else:
        keys.sort()
    if form.limit and len(keys) > form.limit:
        last = ranked[keys[form.limit - 1]]
        keys = [key for place, key in enumerate(keys) if place < form.limit or ranked[key] == last]
    return keys


def within(number: float | None, bound: Bound) -> bool:
    """Whether a number keeps a bound; one that is not known does not."""
    if number is None:
        return False
    if bound.sign == ">":
        return number > bound.number
    if bound.sign == ">=":
        return number >= bound.number
    return number < bound.number if bound.sign == "<" else number <= bound.number


def tie_notes(keys: Sequence[str], ranked: dict[str, float | None], form: Form) -> list[str]:
    """Sentences about rows that are equal at the limit, and about what a ranking from below leaves out."""
    notes = []
    if form.limit and len(keys) > form.limit:
        notes.append(f"{len(keys)} rows instead of {form.limit}: several are equal at {ranked[keys[-1]]:g}.")
    if form.order == "bottom" and form.by in _NAMED and form.ranked_by == "value":
        notes.append(f"Only a {form.by} with a sale or return in the period is ranked.")
    return notes


def _money_notes(groups: Collection[Sums], form: Form, currency: str | None) -> list[str]:
    if form.measure not in ("profit", "margin"):
        if form.measure in ("orders", "order_value") and any(s.sales and not s.orders for s in groups):
            return ["Where the sale lines name no order, orders are not known."]
        return []
    counts = [money_rows(sums, currency) for sums in groups]
    lines, known = sum(one for one, _ in counts), sum(one for _, one in counts)
    if known == lines:
        return []
    consequence = "a margin is shown only where all are known" if form.measure == "margin" else "the others count as nothing"
    return [f"Profit is known for {known:,} of {lines:,} lines; {consequence}."]


def _unsold(database: Finds, form: Form, holdings: Holdings) -> Table:
    selection = selection_of(form)
    sold = {key for key, sums in grouped(database, selection, "item").items() if sums.sales}
    if form.stores:
        ever = set(grouped(database, Selection(stores=form.stores, not_stores=form.not_stores), "item"))
    else:
        ever = set(holdings.known.items)
    where = "the stores asked about" if form.stores else "any store"
    return Table(("item",), [(item,) for item in sorted(ever - sold)], [f"Of {len(ever):,} items that {where} ever sold."])


def _hours(database: Finds, form: Form) -> Table:
    counts = lines_by_hour(database, selection_of(form))
    values: dict[str, float | None] = {f"{hour:02}": float(count) for hour, count in enumerate(counts) if count or form.order}
    keys = arranged(values, values, form)
    rows: list[tuple[Cell, ...]] = [(label("hour", key), int(values[key] or 0)) for key in keys]
    return Table(("hour", form.measure), rows, tie_notes(keys, values, form))


def label(by: str, key: str) -> str:
    """A key as people read it."""
    if by == "weekday":
        return WEEKDAYS[int(key)]
    return f"{key}:00" if by == "hour" else key


def titled(form: Form) -> str:
    """The measure's title."""
    return MEASURES[form.measure].title
