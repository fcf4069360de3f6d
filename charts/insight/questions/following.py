"""Follow-ups: what a short question changes in the form of the one before."""

from dataclasses import replace
from datetime import date

from msgspec.structs import replace as changed

from charts.insight.questions.checks import checked
from charts.insight.questions.dates import Span
from charts.insight.questions.dating import dated
from charts.insight.questions.form import Form
from charts.insight.questions.found import Found
from charts.insight.questions.ordering import ordered
from charts.insight.questions.text import Ambiguous, Unknown
from charts.insight.questions.timing import Times


def followed(before: Form, found: Found, measure: str, today: date) -> Form:
    """The form before, with what the follow-up names put in its place. Raises Ambiguous, Unknown."""
    if before.kind == "decisions" and (measure or found.by or found.times.span):
        raise Unknown("Ask that as a question of its own.")
    times, names = found.times, found.names
    named: dict[str, object] = {
        "measure": measure, "by": found.by, "weekdays": found.weekdays, "bounds": tuple(found.bounds.bounds),
        "items": names.of("item"), "stores": names.of("store"), "not_items": names.without("item"), "not_stores": names.without("store"),
    }  # fmt: skip
    named = {name: value for name, value in named.items() if value}
    if not named and times.span is None and not times.relation and not found.ranking.order:
        raise Unknown("Nothing in that changes the question before.")
    form = changed(before, **named)
    if found.ranking.order:
        form = ordered(changed(form, order="", limit=0), found)
    if times.span is not None or times.relation:
        form = _redated(form, times, today, found.question)
    if form.kind == "decisions":
        return form
    return checked(form, (form.direction or "changed") if form.kind == "why" else "", found.question)


def _redated(form: Form, times: Times, today: date, question: str) -> Form:
    if times.span is None and form.first:
        times = replace(times, span=Span(date.fromisoformat(form.first), date.fromisoformat(form.last), "range"))
    relation = times.relation or form.relation
    if form.compares and not relation and times.before is None:
        raise Ambiguous("Compared with which period?", [f"{question} compared with the month before"])
    clean = changed(form, first="", last="", before_first="", before_last="", ahead_days=0)
    if clean.measure.startswith("forecast") and times.span is not None and times.span.last < today:
        raise Unknown("Only the newest forecasts are kept.", ["forecast error by store"])
    times = replace(times, relation=relation if form.compares or times.relation else "")
    return dated(clean, times, today, question, changes=False, future=False)
