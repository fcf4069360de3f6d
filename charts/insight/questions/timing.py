"""Finds the periods of a question, and whether two are compared, and puts T0, T1 ... in their place."""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from charts.insight.questions.dates import RULES, AmbiguousDateError, Span, of_unit
from charts.insight.questions.form import Relation
from charts.insight.questions.text import Ambiguous, Text, Unknown
from charts.insight.questions.words import CHANGED, FELL, ROSE

_VERSUS: Final = r"compared? (?:to|with|against)|in comparison (?:to|with)|versus|vs|v|against|relative to|than"
_CHANGE: Final = "|".join((ROSE + " " + FELL + " " + CHANGED).split())
_SAME_LAST_YEAR: Final = (
    r"(?:the )?same (?:month|week|quarter|days?|period|time|weeks|months) (?:of |in )?(?:the )?"
    r"(?:last year|a year (?:ago|earlier|before)|year before|previous year|prior year|year earlier)|a year (?:ago|earlier|before)"
)
_MAY_IS_A_MONTH: Final = re.compile(
    r"(?<![\w-])(?:(?:in|of|for|since|from|until|till|to|last|this|next|and|vs|versus|with|than|before|after|between"
    r"|\d+(?:st|nd|rd|th)?) may|may(?= (?:\d|last year|this year)))(?![\w-])"
)


@dataclass(frozen=True, slots=True)
class Times:
    """The period asked for, the one it is compared with, or how to find that one."""

    span: Span | None = None
    since_beginning: bool = False
    before: Span | None = None
    relation: Relation = ""
    is_explicit: bool = False
    """Whether the question itself names the period compared with."""


def take_times(text: Text, today: date, question: str) -> Times:
    """Find the periods; raises Ambiguous, Unknown."""
    relation = _take_relation(text)
    spans, said = _take_spans(text, today, question)
    changes = text.has(_CHANGE) or text.has(r"why|explain")
    if changes and (match := text.take(r"(?:from|between) (T\d+) (?:to|and|until) (T\d+)")):
        one, other = (spans[int(mark[1:])] for mark in match.groups())
        return _ordered(one, other, today)
    _join_ranges(text, spans, said)
    edge = _take_edge(text, spans, today)
    if edge is not None and text.has(_CHANGE):
        raise Unknown("A change needs two periods: for example February compared with January.")
    marks = re.findall(r"T(\d+)", text.rest)
    compares = _compares(text, spans, marks)
    if len(marks) > 2 or (len(marks) == 2 and not compares):
        raise Unknown("Ask about one period at a time, or compare two: for example February compared with January.")
    text.take(r"(?:in )?comparison|compare(?= T)") if compares else None
    if len(marks) == 2:
        text.take(rf"(?:{_VERSUS}|on|over|from)(?= (?:in )?T\d)")
        return _ordered(spans[int(marks[0])], spans[int(marks[1])], today)
    if len(marks) == 1 and compares and not relation:
        text.take(rf"(?:{_VERSUS}|on|over|from)(?= T\d)")
        return _against(spans[int(marks[0])], today)
    span = edge or (spans[int(marks[0])] if marks else None)
    if relation:
        text.take(rf"(?:{_VERSUS}|on|over|from|to|with)(?= (?:P|Y))")
        text.take("P|Y")
        if span is None:
            raise Ambiguous("Which period is meant?", [f"{question} (last week)", f"{question} (last month)"])
    begins = span is not None and span.first == date.min
    return Times(span, begins, None, relation, bool(relation))


def _compares(text: Text, spans: list[Span], marks: list[str]) -> bool:
    """Whether the periods that are named are compared, with each other or with the present one."""
    if text.has(rf"(?:{_VERSUS}) (?:in )?(?:T\d+|P|Y)"):
        return True
    if len(marks) == 2:
        return text.has("compare|compared|comparison|difference")
    # "up on last year" compares; "fell on 3 March" says when.
    match = re.search(rf"(?:{_CHANGE}) (?:on|over|from) T(\d+)", text.rest)
    return match is not None and spans[int(match[1])].unit not in ("day", "range")


def _take_relation(text: Text) -> Relation:
    if text.take(_SAME_LAST_YEAR, "Y") or text.take(r"yoy|year (?:over|on|to) year|year (?:over|on) year", "Y"):
        return "year"
    if text.take(
        r"(?:the )?(?:month|week|quarter|period|day) (?:before(?! yesterday)(?! \d)(?! [a-z]* ?\d)|earlier)"
        r"|(?:the )?(?:previous|prior|preceding) period",
        "P",
    ):
        return "previous"
    if text.take(r"(?:the )?year before(?! \d)|(?:the )?year earlier", "Y"):
        return "year"
    if text.take(r"(?:month|week|quarter|day) (?:over|on) (?:month|week|quarter|day)|mom|wow|qoq", "P"):
        return "previous"
    return ""


def _take_spans(text: Text, today: date, question: str) -> tuple[list[Span], list[str]]:
    spans: list[Span] = []
    said: list[str] = []
    # Elsewhere "may" is a verb, hidden from the months.
    if not _MAY_IS_A_MONTH.search(text.rest):
        text.rest = re.sub(r"(?<![\w-])may(?![\w-])", "MAY", text.rest)
    for pattern, rule in RULES:
        while match := pattern.search(text.rest):
            try:
                span = rule(match, today)
            except AmbiguousDateError as error:
                british, american = error.choices
                choices = [re.sub(re.escape(error.text), one.isoformat(), question) for one in (british, american)]
                raise Ambiguous(f"{error.text} is {british:%-d %B} in Britain and {american:%-d %B} in America.", choices) from None
            except (ValueError, OverflowError):
                span = None
            if span is None:
                raise Unknown(f"There is no such date: {match[0]}.")
            text.take(pattern, put=f"T{len(spans)}")
            spans.append(span)
            said.append(match[0])
    text.rest = text.rest.replace("MAY", "may")
    return spans, said


def _join_ranges(text: Text, spans: list[Span], said: list[str]) -> None:
    """Make one period of "from T0 to T1" and "between T0 and T1"."""
    while match := text.take(r"(?:from |between )?(T\d+) (?:to|until|till|through|up to) (T\d+)|between (T\d+) and (T\d+)", put="TT"):
        one, other = (int(mark[1:]) for mark in match.groups() if mark)
        first, last = spans[one], spans[other]
        if first.first > last.last and first.unit in ("month", "day") and not re.search(r"\d{4}", said[one]):
            first = of_unit(first.first.replace(year=last.last.year), first.unit)
        if first.first > last.last:
            raise Unknown(f"The period from {said[one]} to {said[other]} ends before it begins.")
        spans.append(Span(first.first, last.last, "range"))
        said.append(f"{first.first} {last.last}")
        text.rest = text.rest.replace("TT", f"T{len(spans) - 1}")


def _take_edge(text: Text, spans: list[Span], today: date) -> Span | None:
    """A period with one end: since, after, before, until."""
    for pattern, from_end, is_start in (
        (
            r"(?:ever )?since (?:the (?:beginning|start) of )?(T\d+)|from (T\d+) (?:on|onwards|onward)|starting (?:from |on |in )?(T\d+)",
            False,
            True,
        ),
        (r"after (T\d+)", True, True),
        (r"(?:before|prior to) (T\d+)", False, False),
        (r"(?:until|till|up to|through) (?:the end of )?(T\d+)", True, False),
    ):
        if match := text.take(pattern, put="TT"):
            span = spans[int(next(mark for mark in match.groups() if mark)[1:])]
            if is_start:
                edge = Span(span.last + timedelta(1) if from_end else span.first, today, "range")
            else:
                edge = Span(date.min, span.last if from_end else span.first - timedelta(1), "range")
            if edge.first > edge.last:
                raise Unknown("That period lies in the future.")
            text.rest = text.rest.replace("TT", "|")
            if re.search(r"T\d+", text.rest):
                raise Unknown("Ask about one period at a time.")
            return edge
    return None


def _ordered(one: Span, other: Span, today: date) -> Times:
    """Two periods compared: the later one with the earlier."""
    earlier, later = sorted((one, other), key=lambda span: (span.first, span.last))
    if earlier == later:
        raise Unknown("Both periods are the same.")
    later = later.until(today)
    if later.last < later.whole().last and later.unit in ("week", "month", "quarter", "year") and earlier.unit == later.unit:
        raise _begun(later, earlier)
    return Times(later, before=earlier, is_explicit=True)


def _begun(now: Span, before: Span) -> Ambiguous:
    """Asks how a period that has only begun is to be compared."""
    days = now.last - now.first
    same = replace(before, last=min(before.first + days, before.last))
    return Ambiguous(
        f"This {now.unit} has only begun: compare with the same days, or with the whole {now.unit} before?",
        [f"MEASURE {now.first} to {now.last} compared with {one.first} to {one.last}" for one in (same, before)],
    )


def _against(base: Span, today: date) -> Times:
    """One period is named, as what the present one is compared with."""
    if base.unit not in ("week", "month", "quarter", "year", "day") or base.first > today:
        raise Unknown("Name both periods: for example February compared with January.")
    now = of_unit(today, base.unit).until(today)
    if base.first >= now.first:
        raise Unknown("Name both periods: for example February compared with January.")
    if now.last == now.whole().last:
        return Times(now, before=base, is_explicit=True)
    raise _begun(now, base)
