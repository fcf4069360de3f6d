"""Answers about customers, segments and cashiers: sums of the lines that name one."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

from charts.insight.answers.tables import Table, arranged, change_of, percent_of, selection_of, tie_notes
from charts.insight.answers.values import value
from charts.insight.customers.segments import rfm, segments, yardstick
from charts.insight.questions.form import Form
from charts.queries.cashiers import cashier_hours
from charts.queries.customers import customer_sums, purchases
from charts.queries.grouped import DATE_KEYS, Selection
from charts.queries.sales import Finds, Sums

PEOPLE: Final = ("customer", "segment", "cashier")
"""Dimensions that only lines have which name a person."""
OF_CUSTOMERS: Final = ("customers", "spend", "spend_per_customer")
"""Measures of lines that name a customer."""
LEAST_ORDERS: Final = 5
"""A cashier with fewer orders in the period is not shown: so few say nothing of him, and may say too much."""


def is_about_people(form: Form) -> bool:
    """Whether a form needs lines that name a person."""
    return form.by in PEOPLE or form.measure in OF_CUSTOMERS


def people_table(database: Finds, form: Form, today: str, currency: str | None) -> Table | str:
    """The rows of a form about people, or a sentence that says why there are none. Raises ServerError."""
    now, hidden = _values(database, form, selection_of(form), today, currency)
    if not now and not hidden and not form.compares:
        who = "cashier" if form.by == "cashier" else "customer"
        return f"No sale line in this period and selection names a {who}."
    head = (form.by,) if form.by else ()
    if form.compares:
        before, _ = _values(database, form, selection_of(form, before=True), today, currency)
        keys = list(dict.fromkeys([*now, *before])) or [""]
        nothing = 0.0 if form.measure != "spend_per_customer" else None
        current, earlier = ({key: one.get(key, nothing) for key in keys} for one in (now, before))
        change = {key: change_of(current[key], earlier[key]) for key in keys}
        percent = {key: percent_of(change[key], earlier[key]) for key in keys}
        ranked = change if form.ranked_by == "change" else current
        kept = arranged(ranked, current, form, change, percent)
        rows = [(*([key] if head else []), current[key], earlier[key], change[key], percent[key]) for key in kept]
        return Table((*head, form.measure, "before", "change", "change_percent"), rows, tie_notes(kept, ranked, form))
    whole = sum(number or 0.0 for number in now.values())
    keys = arranged(now, now, form)
    share = [(round((now[key] or 0.0) / whole, 4) if whole > 0 else None,) if form.share else () for key in keys]
    rows = [(*([key] if head else []), now[key], *part) for key, part in zip(keys, share, strict=True)]
    made = Table((*head, form.measure, *(("share",) if form.share else ())), rows, tie_notes(keys, now, form))
    made.notes.append("Lines that name no " + ("cashier" if form.by == "cashier" else "customer") + " are left out.")
    if hidden:
        made.notes.append(f"{hidden} cashiers with fewer than {LEAST_ORDERS} orders are not shown.")
    if form.by == "segment":
        made.notes.append("Segments are those of the newest day; docs/insights.md has their rules.")
    return made


def _values(database: Finds, form: Form, selection: Selection, today: str, currency: str | None) -> tuple[dict[str, float | None], int]:
    """The measure by the key of the form's dimension; how many groups are too small to be shown."""
    sums: defaultdict[str, Sums] = defaultdict(Sums)
    customers: defaultdict[str, set[str]] = defaultdict(set)
    for key, customer, day, one in _lines(database, form, selection, today, currency):
        sums[key].add(day, one.row, one.money)
        if one.sales:
            customers[key].add(customer)
    hidden = {key for key, one in sums.items() if form.by == "cashier" and _orders(one) < LEAST_ORDERS}
    found: dict[str, float | None] = {}
    for key, one in sums.items():
        if key in hidden:
            continue
        if form.measure == "customers":
            found[key] = len(customers[key])
        elif form.measure == "spend_per_customer":
            found[key] = round(one.revenue_in(currency) / 1e6 / len(customers[key]), 2) if customers[key] else None
        else:
            found[key] = value(one, "revenue" if form.measure == "spend" else form.measure, currency)
    return found, len(hidden)


def _orders(sums: Sums) -> int:
    """Orders, or lines where none names its order."""
    return sums.orders or sums.sales


def _lines(database: Finds, form: Form, selection: Selection, today: str, currency: str | None) -> Iterator[tuple[str, str, str, Sums]]:
    """Key, customer, business date and sums of each cell of the selection."""

    def chosen(store: str, day: str) -> bool:
        is_day = not selection.weekdays or date.fromisoformat(day).weekday() in selection.weekdays
        return is_day and store not in selection.not_stores

    if form.by == "cashier":
        for hour, one in cashier_hours(database, selection.period, selection.stores):
            if chosen(hour.store, hour.day):
                yield hour.cashier, "", hour.day, one
        return
    by_segment = _segments(database, today, currency) if form.by == "segment" else {}
    for customer, store, day, one in customer_sums(database, selection.period, selection.stores):
        if chosen(store, day):
            key = {"customer": customer, "segment": by_segment.get(customer, "not a customer yet"), "store": store, "": ""}.get(form.by)
            yield DATE_KEYS[form.by](day) if key is None else key, customer, day, one


def _segments(database: Finds, today: str, currency: str | None) -> dict[str, str]:
    known = purchases(database, currency)
    at = date.fromisoformat(today).toordinal()
    as_of = [found for one in known.values() if (found := rfm(one, at)) is not None]
    return dict(segments(known, at, yardstick(as_of))) if as_of else {}
