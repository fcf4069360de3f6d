"""The logical form of a question: all that its answer depends on."""

from typing import Literal

import msgspec

from charts.insight.questions.catalogue import MEASURES, WEEKDAYS

Direction = Literal["", "fell", "rose"]
Relation = Literal["", "previous", "year"]
Comparison = Literal[">", ">=", "<", "<="]


class Bound(msgspec.Struct, frozen=True):
    """A bound on a row's value, or on its change."""

    sign: Comparison
    number: float
    on: Literal["value", "change", "change_percent"] = "value"


class Form(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question, understood.

    Attributes
    ----------
    kind
        rows: numbers; why: causes of a change; decisions: what to do about items.
    measure, by
        Names of the catalogue; `by` is empty for one total.
    first, last
        Business dates, both included; empty: unbounded.
    before_first, before_last
        The period compared with; empty: none.
    ahead_days
        So many days after each store's newest closed day, for forecasts; 0: the dates count.
    order, ranked_by, limit
        Largest or smallest first, by value or change; limit 0 shows all.
    unsold
        Only items without a sale.

    """

    kind: Literal["rows", "why", "decisions"] = "rows"
    measure: str = ""
    by: str = ""
    items: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    not_items: tuple[str, ...] = ()
    not_stores: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    first: str = ""
    last: str = ""
    before_first: str = ""
    before_last: str = ""
    relation: Relation = ""
    ahead_days: int = 0
    horizon: str = ""
    order: Literal["", "top", "bottom"] = ""
    ranked_by: Literal["value", "change"] = "value"
    limit: int = 0
    bounds: tuple[Bound, ...] = ()
    unsold: bool = False
    share: bool = False
    per_day: bool = False
    direction: Direction = ""
    currency: str = ""
    actions: tuple[str, ...] = ()

    @property
    def compares(self) -> bool:
        """Whether two periods are compared."""
        return bool(self.before_first)


def notation(form: Form) -> str:
    """The form on one line, as `query` shows it; equal forms give equal lines."""
    if form.kind == "decisions":
        return " | ".join(["decisions", *([",".join(form.actions)] if form.actions else []), *_names(form)])
    parts = [f"why {form.measure}" if form.kind == "why" else form.measure]
    if form.kind == "why" and form.direction:
        parts.append(form.direction)
    if form.by:
        parts.append(f"by {form.by}")
    parts += [word for word, on in (("share", form.share), ("per-day", form.per_day)) if on]
    if form.order:
        parts.append(f"{form.order} {form.limit or 'all'}{' by change' if form.ranked_by == 'change' else ''}")
    parts += [_bound(one) for one in form.bounds]
    if form.unsold:
        parts.append("unsold")
    if form.first or form.last:
        parts.append(f"{form.first}..{form.last}")
    if form.ahead_days:
        parts.append(f"next {form.ahead_days} days")
    if form.before_first:
        parts.append(f"vs {form.before_first}..{form.before_last}")
    return " | ".join(parts + _names(form))


def _bound(one: Bound) -> str:
    if one.on == "value":
        return f"{one.sign}{one.number:g}"
    return f"change{one.sign}{one.number:g}{'%' if one.on == 'change_percent' else ''}"


def _names(form: Form) -> list[str]:
    parts = []
    lists = (("store", form.stores), ("not-store", form.not_stores), ("item", form.items), ("not-item", form.not_items))
    parts += [f"{word}={','.join(names)}" for word, names in lists if names]
    if form.weekdays:
        parts.append(f"weekday={','.join(WEEKDAYS[day] for day in form.weekdays)}")
    parts += [f"{word}={value}" for word, value in (("horizon", form.horizon), ("currency", form.currency)) if value]
    return parts


def sentence(form: Form) -> str:
    """The question as understood, in English."""
    if form.kind == "decisions":
        wanted = f" with the action {' or '.join(form.actions)}" if form.actions else " with a recommended action"
        return f"Items{wanted}{_where(form)}."
    measure = MEASURES[form.measure]
    if form.kind == "why":
        return f"Why {measure.title} {form.direction or 'changed'}{_where(form)}{_when(form)}."
    ranked = {"top": "largest", "bottom": "smallest"}.get(form.order, "")
    head = measure.title[0].upper() + measure.title[1:]
    if form.share:
        head = f"Share of {measure.title}"
    if form.per_day:
        head += " a day, averaged over the days with sales"
    if form.by:
        head += f" by {form.by}"
    if ranked:
        of = "change" if form.ranked_by == "change" else "value"
        head += (
            f", the {form.limit} {ranked} by {of}"
            if form.limit > 1
            else f", the {ranked} by {of}"
            if form.limit
            else f", {ranked} {of} first"
        )
    for one in form.bounds:
        words = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}[one.sign]
        unit = " %" if one.on == "change_percent" else ""
        head += f", {'change ' if one.on != 'value' else ''}{words} {one.number:g}{unit}"
    if form.unsold:
        head = "Items without a sale"
    return f"{head}{_where(form)}{_when(form)}."


def _where(form: Form) -> str:
    text = f" of {', '.join(form.items)}" if form.items else ""
    text += f" in {', '.join(form.stores)}" if form.stores else ""
    without = (*form.not_stores, *form.not_items)
    text += f", without {', '.join(without)}" if without else ""
    text += f", in {form.currency}" if form.currency else ""
    return text + (f", on {', '.join(f'{WEEKDAYS[day]}s' for day in form.weekdays)}" if form.weekdays else "")


def _when(form: Form) -> str:
    if form.ahead_days:
        days = "day" if form.ahead_days == 1 else f"{form.ahead_days} days"
        return f", the {days} after each store's newest closed day"
    if form.first == form.last and form.first:
        text = f", {form.first}"
    elif form.first or form.last:
        text = f", {form.first or 'the beginning'} to {form.last or 'the newest day'}"
    else:
        text = ", all days so far" if MEASURES[form.measure].kind != "forecast" else ""
    return text + (f", compared with {form.before_first} to {form.before_last}" if form.compares else "")
