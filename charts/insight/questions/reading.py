"""Reads a question: every word must have been understood, or the question is not answered."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import msgspec
from rapidfuzz import fuzz, process

from charts.insight.questions import phrases
from charts.insight.questions.catalogue import EXPLAINED, MEASURES
from charts.insight.questions.dates import Span
from charts.insight.questions.form import Bound, Form
from charts.insight.questions.names import Known
from charts.insight.questions.naming import Names, take_names
from charts.insight.questions.phrases import Bounds, Ranking
from charts.insight.questions.text import Ambiguous, NotUnderstood, Text, Unknown, quoted, tokens
from charts.insight.questions.timing import Times, take_times
from charts.insight.questions.words import STOPWORDS, UNSUPPORTED

DEFAULT_LIMIT: Final = 10
EXAMPLES: Final = (
    "revenue last month by store",
    "top 5 items by revenue last month",
    "profit by item last week",
    "units by weekday",
    "which stores grew most last month by revenue",
    "why did revenue fall last month",
    "items with margin below 10 percent last month",
    "number of sales by hour",
    "returns by item last month",
    "top 5 items by predicted revenue",
    "forecast units for next week by item",
    "forecast error by store",
    "which products require a discount",
    "share of revenue by store this year",
    "average revenue per day last month",
)
_SALES: Final = r"sales|sale|selling|sold|sell|sells|sellers?"


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a question.

    Attributes
    ----------
    form
        Its logical form; None if it is not answered.
    reason, choices
        Why not, and what to ask instead.
    ambiguous
        Whether each choice is one reading of the question; otherwise they are questions nearby.
    corrections
        What was read as something else.

    """

    form: Form | None
    reason: str = ""
    choices: tuple[str, ...] = ()
    ambiguous: bool = False
    corrections: tuple[str, ...] = ()


def read(question: str, known: Known, before: Form | None = None) -> Reading:
    """Read a question; `before` is the form of the question that it may follow up."""
    reader = _Reader(question, known, before)
    try:
        form = reader.form()
    except Ambiguous as found:
        return Reading(None, found.reason, found.choices, ambiguous=True, corrections=tuple(reader.text.corrections))
    except NotUnderstood as found:
        return Reading(None, found.reason, tuple(found.choices) or near(question), corrections=tuple(reader.text.corrections))
    return Reading(form, corrections=tuple(reader.text.corrections))


def near(question: str, most: int = 3) -> tuple[str, ...]:
    """Questions that can be answered, the most similar first."""
    return tuple(text for text, _, _ in process.extract(question, EXAMPLES, scorer=fuzz.token_set_ratio, limit=most))


class _Reader:
    """Takes the phrases of one question out of its text, in an order in which none hides another."""

    def __init__(self, question: str, known: Known, before: Form | None) -> None:
        plain, self._quotes = quoted(question.strip())
        self.text = Text(tokens(plain))
        self._question = question.strip().rstrip("?!. ")
        self._known = known
        self._before = before
        self._today = date.fromisoformat(known.today)
        self._follows = False

    def form(self) -> Form:
        """The logical form. Raises Ambiguous, Unknown."""
        if not self.text.rest:
            raise Unknown("Ask a question.")
        if self._before is not None:
            self._follows = self.text.take(r"^(?:and|what about|how about|now|only|just|but)(?: (?:only|just|for|in|now))*") is not None
            # "by profit" or "in York" is no question by itself.
            self._follows = self._follows or (len(self.text.words()) < 5 and self.text.has("^(?:by|in|for|of|on|per|without|except|excluding)"))
        names = take_names(self.text, self._quotes, self._known, self._question)
        bounds = phrases.take_bounds(self.text)
        actions = phrases.take_actions(self.text)
        if actions is not None:
            return self._decisions(actions, names)
        self._refuse_unsupported()
        why = self.text.take(r"why|(?:what|which) (?:are |is |was |were )?(?:the )?(?:causes?|caused|reasons?|drove|drives|drivers?)(?: (?:for|of|behind))?|explain|reasons? (?:for|behind|of)") is not None
        unsold = self.text.take(r"(?:did not|didnt|do not|dont|not|never|were not|was not|werent|havent|have not) (?:been )?(?:sell|sold)(?: at all)?|unsold|(?:with |had |have |without )?(?:no|any|zero) sales?") is not None
        lost = self.text.take(r"lost money|lose money|losing money|loss making|lossmaking|made (?:a )?loss(?:es)?|unprofitable|(?:with )?negative profits?") is not None
        per_day = self.text.take(r"(?:average|mean|avg)(?= .*(?:per day|a day|daily|each day))") is not None
        if per_day:
            per_day = self.text.take(r"per day|a day|daily|each day") is not None
        share = self.text.take(r"(?:what |which )?(?:shares?|percentages?|percent|proportions?|fractions?)(?: of(?: the| our)?)?|contribution(?: to)?") is not None
        error = phrases.take_error_measure(self.text)
        horizon = self._take_horizon() if error else ""
        measures = phrases.take_measures(self.text)
        times = self._times(measures)
        weekdays = self._weekdays()
        future = False if error else phrases.take_future(self.text)
        group = phrases.take_group(self.text)
        ranking = phrases.take_ranking(self.text)
        direction, _ = phrases.take_change(self.text)
        noun, plural, counted = phrases.take_noun(self.text) if not (ranking.by and group) else ("", False, False)
        if counted:
            raise Unknown("Stores and items are not counted; their sales are.")
        if unsold:
            return self._unsold(names, times, group or ranking.by or noun, measures)
        by = self._by(group, ranking, noun, names)
        measure = self._measure(measures, error, names, bounds, ranking, by, lost=lost, future=future)
        self._refuse_unread()
        if self._follows or (self._before is not None and not measure):
            return self._followed(measure, by, names, times, ranking, bounds, weekdays, plural=plural)
        if not measure:
            raise Ambiguous("What is to be measured?", self._with_measures(("revenue", "profit", "units", "number of sales")))
        if lost:
            bounds.bounds = [Bound("<", 0.0)]
        form = Form(
            kind="why" if why else "rows", measure=measure, by=by, items=names.of("item"), stores=names.of("store"),
            not_items=names.without("item"), not_stores=names.without("store"), weekdays=weekdays, horizon=horizon,
            share=share, per_day=per_day, bounds=tuple(bounds.bounds), currency=self._currency(bounds),
        )  # fmt: skip
        form = self._ranked(form, ranking, direction, plural=plural)
        form = self._timed(form, times, direction, future=future or measure.startswith("forecast"))
        return self._checked(form, direction)

    # What is asked

    def _decisions(self, actions: tuple[str, ...], names: Names) -> Form:
        phrases.take_noun(self.text)
        self._refuse_unread()
        return Form(kind="decisions", actions=actions, items=names.of("item"), stores=names.of("store"))

    def _unsold(self, names: Names, times: Times, by: str, measures: list[str]) -> Form:
        if by not in ("", "item") or [one for one in measures if one != "sales"]:
            raise Unknown("Only items can be asked for that did not sell.", ["which items did not sell last week"])
        self._refuse_unread()
        form = Form(measure="sales", by="item", unsold=True, stores=names.of("store"), not_stores=names.without("store"))
        return self._timed(form, times, "", future=False)

    def _by(self, group: str, ranking: Ranking, noun: str, names: Names) -> str:
        by = group or ranking.by or noun
        if group and ranking.by and group != ranking.by:
            raise Unknown(f"An answer is split by one thing at a time, by {group} or by {ranking.by}.")
        if ranking.sells and not by:
            by = "item"
        if not by and self._comparing_names:
            by = "store" if len(names.of("store")) > 1 else "item" if len(names.of("item")) > 1 else ""
        return by

    @property
    def _comparing_names(self) -> bool:
        return self.text.take(r"compare|compared|comparison|versus|vs|v|against|compared (?:to|with)|than|difference between|between") is not None

    def _measure(
        self, measures: list[str], error: str, names: Names, bounds: Bounds, ranking: Ranking, by: str, *, lost: bool, future: bool
    ) -> str:
        if error:
            if measures:
                raise Unknown("Ask about the forecasts' error or about sales, one at a time.")
            return error
        found = list(measures)
        if lost:
            found = found or ["profit"]
        if bounds.measure and bounds.measure not in found:
            found.append(bounds.measure)
        if len(found) > 1:
            raise Ambiguous("One measure at a time.", [f"{self._without_measures()} ({one.replace('_', ' ')})" for one in found])
        busiest = re.search(r"(?<![\w])(?:busiest|quietest)(?![\w])", self._question.casefold())
        sells = self.text.take(_SALES) is not None
        while self.text.take(_SALES):
            pass
        if found:
            return {"revenue": "forecast_revenue", "units": "forecast_units"}.get(found[0], f"forecast {found[0]}") if future else found[0]
        if busiest and by != "day":
            return "sales"
        is_of_units = ranking.sells or (names.of("item") and re.search(r"how many", self._question.casefold())) or (
            ranking.order and by == "item" and sells and re.search(r"\b(?:sold|sells?)\b", self._question.casefold()) and ranking.is_best == "" and not re.search(r"biggest|largest", self._question.casefold())
        )
        if is_of_units:
            return "forecast_units" if future else "units"
        if bounds.is_money:
            raise Ambiguous("Which money is meant?", self._with_measures(("revenue", "profit")))
        if re.search(r"(?<!\w)(?:take|took|taken)(?!\w)", self._question.casefold()):
            return "revenue"
        if sells or future:
            which = ("revenue", "units") if future else ("revenue", "units", "number of sales")
            raise Ambiguous("Sales can be money, units or the number of sale lines. Which is meant?", self._with_measures(which))
        return ""

    def _without_measures(self) -> str:
        rest = self._question
        for pattern, _ in phrases.MEASURE_PHRASES:
            rest = re.sub(rf"(?i)(?:by |in )?{pattern.pattern}", "", rest)
        return " ".join(rest.split())

    def _with_measures(self, measures: Iterable[str]) -> list[str]:
        return [f"{self._question} ({one})" for one in measures]

    def _currency(self, bounds: Bounds) -> str:
        named = bounds.currency
        for currency in self._known.currencies:
            if self.text.take(f"(?:in )?{currency.casefold()}"):
                named = currency
        if named and named not in self._known.currencies:
            raise Unknown(f"There are no sales in {named}.")
        return named if len(self._known.currencies) > 1 else ""

    def _take_horizon(self) -> str:
        for pattern, name in (
            (r"(?:for )?(?:the )?(?:next day|day ahead|one day|1 day|tomorrow)(?: s)?(?: horizon)?", "day"),
            (r"(?:for )?(?:the )?(?:(?:next )?(?:7|seven) days?|week ahead|next week|weekly)(?: ahead| horizon)?", "7_days"),
            (r"(?:for )?(?:the )?(?:(?:next )?28 days?|(?:next )?four weeks?|month ahead)(?: ahead| horizon)?", "28_days"),
        ):
            if self.text.take(pattern):
                self.text.take("forecasts?|predictions?")
                return name
        self.text.take("forecasts?|predictions?")
        return ""

    # When

    def _times(self, measures: list[str]) -> Times:
        try:
            return take_times(self.text, self._today, self._question)
        except Ambiguous as found:
            if not any(choice.startswith("MEASURE") for choice in found.choices):
                raise
            why = re.match(r"(?i)\s*(?:why|explain|what caused)", self._question) is not None
            measure = measures[0].replace("_", " ") if measures else "revenue"
            head = f"why did {measure} change" if why else measure
            group = re.search(r"(?i)\bby (?:store|shop|item|product|branch)\b", self._question)
            head += f" {group[0]}" if group else ""
            found.choices = tuple(choice.replace("MEASURE", head) for choice in found.choices)
            raise

    def _weekdays(self) -> tuple[int, ...]:
        try:
            return phrases.take_weekdays(self.text)
        except Ambiguous as found:
            day = found.choices[0].split()[1]
            found.choices = tuple(re.sub(rf"(?i)(?:on )?\b{day}\b", choice, self._question, count=1) for choice in found.choices)
            raise

    def _timed(self, form: Form, times: Times, direction: str, *, future: bool) -> Form:
        span = times.span
        is_forecast = form.measure.startswith("forecast")
        if span is not None and (span.unit == "ahead" or span.first > self._today):
            return self._ahead(form, span, times)
        if is_forecast:
            if span is None:
                return msgspec.structs.replace(form, ahead_days=28)
            if span.last < self._today:
                raise Unknown("Only the newest forecasts are kept. How good older ones were is in their error.", ["forecast error by store"])
            return self._ahead(form, span, times)
        if future:
            raise Unknown(f"{form.measure} is not forecast; units and revenue are.")
        if span is None:
            if direction or times.relation or form.kind == "why":
                raise Ambiguous("Over which period?", [f"{self._question} last week", f"{self._question} last month"])
            return form
        span = span.until(self._today)
        form = msgspec.structs.replace(form, first="" if span.first == date.min else span.first.isoformat(), last=span.last.isoformat())
        before = times.before
        relation = times.relation or ("previous" if direction or form.kind == "why" else "")
        if before is None and relation:
            before = span.year_before() if relation == "year" else span.previous()
        if before is None:
            return form
        return msgspec.structs.replace(form, before_first=before.first.isoformat(), before_last=before.last.isoformat(), relation=relation)

    def _ahead(self, form: Form, span: Span, times: Times) -> Form:
        measure = {"revenue": "forecast_revenue", "units": "forecast_units"}.get(form.measure, form.measure)
        if not measure.startswith("forecast") or times.relation or times.before:
            raise Unknown("Of coming days, units and revenue are forecast, without comparison.", ["forecast units by item next week"])
        if (span.last - self._today).days > 28:
            raise Unknown("Forecasts reach 28 days ahead.", ["forecast units by item for the next 28 days"])
        form = msgspec.structs.replace(form, measure=measure)
        if span.unit == "ahead":
            return msgspec.structs.replace(form, ahead_days=span.ahead_days)
        return msgspec.structs.replace(form, first=max(span.first, self._today).isoformat(), last=span.last.isoformat())

    # In which order

    def _ranked(self, form: Form, ranking: Ranking, direction: str, *, plural: bool) -> Form:
        if direction and form.by and form.kind == "rows":
            if ranking.order:
                if ranking.order == "bottom" or ranking.is_best:
                    raise Unknown("Ask which grew most, or which fell most.")
                ranking = replace(ranking, order="bottom" if direction == "fell" else "top")
                if direction == "changed":
                    raise Ambiguous("The largest rise, or the largest fall?", ["grew most", "fell most"])
                form = msgspec.structs.replace(form, ranked_by="change")
            elif direction != "changed":
                form = msgspec.structs.replace(form, bounds=_changes(form.bounds, direction))
        elif form.bounds and direction and form.kind == "rows":
            raise Unknown("A bound needs rows: which stores, or which items?")
        if not ranking.order:
            return form
        if not form.by:
            raise Ambiguous("The largest or smallest of what?", [f"{self._question} by {one}" for one in ("item", "store", "day")])
        less = MEASURES[form.measure].less_is_better if form.measure in MEASURES else None
        order = ranking.order
        if ranking.is_best and less is None:
            raise Ambiguous("Is the highest or the lowest meant?", [re.sub(ranking.is_best, one, self._question) for one in ("highest", "lowest")])
        if ranking.is_best and less:
            order = "bottom" if ranking.is_best == "best" else "top"
        whole = re.search(r"(?i)\b(?:rank|ranked|ranking|sort|sorted|first|descending|ascending)\b", self._question) and not ranking.limit
        limit = ranking.limit or (0 if whole else DEFAULT_LIMIT if ranking.is_plural or plural or form.by == "item" and ranking.sells else 1)
        return msgspec.structs.replace(form, order=order, limit=limit)

    def _checked(self, form: Form, direction: str) -> Form:
        if form.measure not in MEASURES:
            raise Unknown(f"{form.measure.capitalize()} is not forecast; units and revenue are.", ["forecast revenue by item"])
        measure = MEASURES[form.measure]
        if measure.kind == "score" and not form.by and not form.horizon:
            form = msgspec.structs.replace(form, by="horizon")
        phrases.checked_dimension(form.measure, form.by)
        if measure.kind == "score" and (form.items or form.not_items or form.weekdays or form.compares):
            raise Unknown("Errors are kept by store, horizon and day.", ["forecast error by store"])
        if form.kind == "why":
            if form.measure not in EXPLAINED or form.by or form.weekdays or form.order:
                raise Unknown(f"Causes are known of {', '.join(EXPLAINED)}, for a period as a whole.", ["why did revenue fall last month"])
            if not form.compares or (not direction):
                raise Unknown("Ask why something rose, fell or changed.", ["why did revenue fall last month"])
            return msgspec.structs.replace(form, direction=direction if direction in ("fell", "rose") else "")
        if form.bounds and not form.by:
            raise Ambiguous("Of which rows?", [f"{self._question} by {one}" for one in ("item", "store", "day")])
        if form.measure in ("orders", "order_value") and (form.items or form.not_items):
            raise Unknown("Orders are counted by store: one order holds several items.", ["number of orders by store last month"])
        if form.share and (measure.kind not in ("money", "count") or form.compares):
            raise Unknown("Shares are of money, units and counts.", ["share of revenue by store this year"])
        if form.share and not form.by and not form.items and not form.stores:
            raise Ambiguous("The share of what?", [f"{self._question} by {one}" for one in ("store", "item")])
        if form.per_day and (measure.kind not in ("money", "count") or form.compares or form.by in ("day", "week", "month", "quarter", "year", "hour")):
            raise Unknown("Means a day are of money, units and counts, in total, by item or by store.", ["average revenue per day last month"])
        if form.compares and form.by in ("day", "week", "month", "quarter", "year", "hour"):
            raise Unknown("Two periods are compared in total, by store, item or weekday.", ["revenue by store February vs January"])
        return form

    # Follow-ups

    def _followed(
        self, measure: str, by: str, names: Names, times: Times, ranking: Ranking, bounds: Bounds, weekdays: tuple[int, ...], *, plural: bool
    ) -> Form:
        before = self._before
        if before is None:
            raise Ambiguous("What is to be measured?", self._with_measures(("revenue", "profit", "units", "number of sales")))
        changes: dict[str, object] = {}
        if measure:
            changes["measure"] = measure
        if by:
            changes["by"] = by
        for kind in ("item", "store"):
            if names.of(kind):
                changes[f"{kind}s"] = names.of(kind)
            if names.without(kind):
                changes[f"not_{kind}s"] = names.without(kind)
        if weekdays:
            changes["weekdays"] = weekdays
        if bounds.bounds:
            changes["bounds"] = tuple(bounds.bounds)
        if not changes and times.span is None and not ranking.order and not times.relation:
            raise Unknown("Nothing in that changes the question before.")
        form = msgspec.structs.replace(before, **changes)
        if ranking.order:
            form = self._ranked(msgspec.structs.replace(form, order="", limit=0), ranking, "", plural=plural)
        if times.span is not None or times.relation:
            form = self._retimed(form, times)
        return self._checked(form, "changed" if form.kind == "why" else "")

    def _retimed(self, form: Form, times: Times) -> Form:
        if times.span is None and form.first:
            times = replace(times, span=Span(date.fromisoformat(form.first), date.fromisoformat(form.last), "range"))
        relation = times.relation or form.relation
        if form.compares and not relation and times.before is None:
            raise Ambiguous("Compared with which period?", [f"{self._question} compared with the month before"])
        clean = msgspec.structs.replace(form, first="", last="", before_first="", before_last="", ahead_days=0)
        return self._timed(clean, replace(times, relation=relation if form.compares or times.relation else ""), "", future=False)

    # What is left

    def _refuse_unsupported(self) -> None:
        for word in self.text.words():
            if word in UNSUPPORTED:
                raise Unknown(f"About {word!r}: {UNSUPPORTED[word]}.")

    def _refuse_unread(self) -> None:
        text = re.sub(r"(?<![\w])[NT]\d+(?![\w])", "|", self.text.rest)
        left = [word for word in text.split() if word != "|" and word not in STOPWORDS and word.casefold() not in map(str.casefold, self._known.currencies)]
        if left:
            raise Unknown(f"Not understood: {', '.join(dict.fromkeys(left))}.")


def _changes(bounds: tuple[Bound, ...], direction: str) -> tuple[Bound, ...]:
    """Bounds on the change instead of the value: "fell by more than 10 %" is a change below -10 %."""
    if not bounds:
        return (Bound("<" if direction == "fell" else ">", 0.0, "change"),)
    flipped = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
    made = []
    for one in bounds:
        on = "change_percent" if one.on == "change_percent" else "change"
        made.append(Bound(flipped[one.sign], -one.number, on) if direction == "fell" else Bound(one.sign, one.number, on))  # type: ignore[arg-type]
    return tuple(made)
