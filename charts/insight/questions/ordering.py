"""Puts the ranking and the bounds of a question into its form."""

import re
from dataclasses import replace
from typing import Final, Literal

from msgspec.structs import replace as changed

from charts.insight.questions.catalogue import MEASURES
from charts.insight.questions.form import Bound, Comparison, Form
from charts.insight.questions.found import Found
from charts.insight.questions.phrases import Ranking
from charts.insight.questions.text import Ambiguous, Unknown

DEFAULT_LIMIT: Final = 10
_ALL_ROWS: Final = "rank|ranked|ranking|sort|sorted|first|descending|ascending"
_FLIPPED: Final[dict[Comparison, Comparison]] = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def ordered(form: Form, found: Found) -> Form:
    """The form with its ranking and its bounds on changes. Raises Ambiguous, Unknown."""
    ranking = found.ranking
    if found.direction and form.kind == "rows":
        form, ranking = _by_change(form, found, ranking)
    if not ranking.order:
        return form
    if not form.by:
        choices = [f"{found.question} by {one}" for one in ("item", "store", "day")]
        raise Ambiguous("The largest or smallest of what?", choices)
    limit = ranking.limit or _default_limit(found, ranking)
    return changed(form, order=_end(form, found, ranking), limit=limit)


def _default_limit(found: Found, ranking: Ranking) -> int:
    if found.says(_ALL_ROWS):
        return 0
    return DEFAULT_LIMIT if ranking.is_plural or found.plural else 1


def _end(form: Form, found: Found, ranking: Ranking) -> str:
    """Which end is asked for; what "best" and "worst" are depends on the measure."""
    if not ranking.is_best:
        return ranking.order
    less = MEASURES[form.measure].less_is_better if form.measure in MEASURES else None
    if less is None:
        choices = [re.sub(ranking.is_best, one, found.question) for one in ("highest", "lowest")]
        raise Ambiguous("Is the highest or the lowest meant?", choices)
    return ("bottom" if ranking.is_best == "best" else "top") if less else ranking.order


def _by_change(form: Form, found: Found, ranking: Ranking) -> tuple[Form, Ranking]:
    """Rank by the change, or keep the rows that changed so."""
    direction = found.direction
    if not form.by:
        if form.bounds:
            raise Unknown("A bound needs rows: which stores, or which items?")
        return form, ranking
    if ranking.order:
        if ranking.order == "bottom" or ranking.is_best:
            raise Unknown("Ask which grew most, or which fell most.")
        if direction == "changed":
            raise Ambiguous("The largest rise, or the largest fall?")
        return changed(form, ranked_by="change"), replace(ranking, order="bottom" if direction == "fell" else "top")
    if direction != "changed" and (found.only_those or form.bounds):
        return changed(form, bounds=_changes(form.bounds, direction)), ranking
    return form, ranking


def _changes(bounds: tuple[Bound, ...], direction: str) -> tuple[Bound, ...]:
    """Bounds on the change instead of the value: "fell by more than 10 %" is a change below -10 %."""
    if not bounds:
        return (Bound("<" if direction == "fell" else ">", 0.0, "change"),)
    made = []
    for one in bounds:
        on: Literal["change", "change_percent"] = "change_percent" if one.on == "change_percent" else "change"
        sign, number = (_FLIPPED[one.sign], -one.number) if direction == "fell" else (one.sign, one.number)
        made.append(Bound(sign, number, on))
    return tuple(made)
