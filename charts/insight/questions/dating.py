"""Puts the periods of a question into its form: what has been sold, what is compared with it, or what is to come."""

from datetime import date
from typing import Final

from msgspec.structs import replace as changed

from charts.insight.questions.dates import Span
from charts.insight.questions.form import Form
from charts.insight.questions.text import Ambiguous, Unknown
from charts.insight.questions.timing import Times

DAYS_AHEAD: Final = 28
"""Forecasts reach so far; without a period they are asked for as a whole."""


def dated(form: Form, times: Times, today: date, question: str, *, changes: bool, future: bool) -> Form:
    """The form with its dates; `changes` says that it is about a change. Raises Ambiguous, Unknown."""
    span = times.span
    if span is not None and (span.unit == "ahead" or span.first > today):
        return _ahead(form, span, times, today)
    if form.measure.startswith("forecast"):
        if span is None:
            return changed(form, ahead_days=DAYS_AHEAD)
        if span.last < today:
            raise Unknown("Only the newest forecasts are kept. How good older ones were is in their error.", ["forecast error by store"])
        return _ahead(form, span, times, today)
    if future:
        raise Unknown(f"{form.measure} is not forecast; units and revenue are.")
    changes = changes or form.kind == "why"
    if span is None:
        if changes or times.relation:
            raise Ambiguous("Over which period?", [f"{question} last week", f"{question} last month"])
        return form
    return _sold(form, span.until(today), times, changes=changes)


def _sold(form: Form, span: Span, times: Times, *, changes: bool) -> Form:
    form = changed(form, first="" if span.first == date.min else span.first.isoformat(), last=span.last.isoformat())
    relation = times.relation or ("previous" if changes else "")
    before = times.before
    if before is None and relation:
        if span.first == date.min:
            raise Unknown("A period without a beginning has none before it.")
        before = span.year_before() if relation == "year" else span.previous()
    if before is None:
        return form
    return changed(form, before_first=before.first.isoformat(), before_last=before.last.isoformat(), relation=relation)


def _ahead(form: Form, span: Span, times: Times, today: date) -> Form:
    measure = {"revenue": "forecast_revenue", "units": "forecast_units"}.get(form.measure, form.measure)
    if not measure.startswith("forecast") or times.relation or times.before:
        raise Unknown("Of coming days, units and revenue are forecast, without comparison.", ["forecast units by item next week"])
    if (span.last - today).days > DAYS_AHEAD:
        raise Unknown("Forecasts reach 28 days ahead.", ["forecast units by item for the next 28 days"])
    form = changed(form, measure=measure)
    if span.unit == "ahead":
        return changed(form, ahead_days=span.ahead_days)
    return changed(form, first=max(span.first, today).isoformat(), last=span.last.isoformat())
