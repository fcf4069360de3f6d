"""What a form must keep so that the data can answer it; each rule names the question to ask instead."""

from msgspec.structs import replace as changed

from charts.insight.questions.catalogue import EXPLAINED, MEASURES
from charts.insight.questions.form import Form
from charts.insight.questions.phrases import checked_dimension
from charts.insight.questions.text import Ambiguous, Unknown

_RUNS = ("day", "week", "month", "quarter", "year", "hour")


def checked(form: Form, direction: str, question: str) -> Form:
    """The form, complete and answerable. Raises Ambiguous, Unknown."""
    if form.measure not in MEASURES:
        raise Unknown(f"{form.measure.capitalize()} is not forecast; units and revenue are.", ["forecast revenue by item"])
    if MEASURES[form.measure].kind == "score" and not form.by and not form.horizon:
        form = changed(form, by="horizon")
    checked_dimension(form.measure, form.by)
    if form.kind == "why":
        return _why(form, direction)
    _selection(form)
    _shares_and_means(form, question)
    if form.bounds and not form.by:
        raise Ambiguous("Of which rows?", [f"{question} by {one}" for one in ("item", "store", "day")])
    if form.compares and form.by in _RUNS:
        raise Unknown("Two periods are compared in total, by store, item or weekday.", ["revenue by store February vs January"])
    return form


def _why(form: Form, direction: str) -> Form:
    example = ["why did revenue fall last month"]
    if form.measure not in EXPLAINED or form.by or form.weekdays or form.order or form.bounds:
        raise Unknown(f"Causes are known of {', '.join(EXPLAINED)}, for a period as a whole.", example)
    if not form.compares or not direction:
        raise Unknown("Ask why something rose, fell or changed.", example)
    return changed(form, direction=direction if direction in ("fell", "rose") else "")


def _selection(form: Form) -> None:
    """Errors are kept by store only, orders by store only."""
    named = form.items or form.not_items
    if MEASURES[form.measure].kind == "score" and (named or form.weekdays or form.compares):
        raise Unknown("Errors are kept by store, horizon and day.", ["forecast error by store"])
    if MEASURES[form.measure].kind == "forecast" and form.weekdays:
        raise Unknown("Forecasts are not summed by weekday.", ["forecast units by day next week"])
    if named and (form.by in ("customer", "segment", "cashier") or form.measure in ("customers", "spend", "spend_per_customer")):
        raise Unknown("What customers and cashiers have to do with single items is not kept.", ["revenue by customer last month"])
    if form.measure in ("orders", "order_value") and named:
        raise Unknown("Orders are counted by store: one order holds several items.", ["number of orders by store last month"])


def _shares_and_means(form: Form, question: str) -> None:
    is_sum = MEASURES[form.measure].kind in ("money", "count")
    if form.share and (not is_sum or form.compares or form.per_day):
        raise Unknown("Shares are of money, units and counts.", ["share of revenue by store this year"])
    if form.share and not form.by and not form.items and not form.stores:
        raise Ambiguous("The share of what?", [f"{question} by {one}" for one in ("store", "item")])
    if form.per_day and (form.by in ("customer", "segment", "cashier") or form.measure in ("customers", "spend")):
        raise Unknown("Means a day are of all sales, in total, by item or by store.", ["average revenue per day last month"])
    if form.per_day and (not is_sum or form.compares or form.by in _RUNS or form.by == "weekday"):
        raise Unknown("Means a day are of money, units and counts, in total, by item or by store.", ["average revenue per day last month"])
