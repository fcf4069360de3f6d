"""What a rule of the decision table says, in words."""

from charts.queries.decision_table import Action, ProductRow, Weight
from charts.web.pages.speech import Speech


def weight_words(weight: Weight, say: Speech) -> str:
    """High, medium or low."""
    return {"high": say.gettext("High"), "medium": say.gettext("Medium"), "low": say.gettext("Low")}[weight]


def action_words(action: Action, say: Speech) -> str:
    """What to do, in two or three words."""
    words = {
        "price": say.gettext("Check the price"),
        "more": say.gettext("Order more"),
        "less": say.gettext("Order less"),
        "facings": say.gettext("Change its facings"),
        "delist": say.gettext("Consider taking it off"),
        "watch": say.gettext("Wait for its first forecast"),
        "keep": say.gettext("Keep as it is"),
    }
    return words[action.kind]


def evidence_words(row: ProductRow, say: Speech) -> str:
    """The numbers that the advice rests on."""
    action, numbers = row.action, row.action.evidence
    if action.kind == "price":
        lost, revenue = (say.money(abs(amount), row.currency) for amount in numbers)
        return say.gettext("It lost %(lost)s on a revenue of %(revenue)s.", lost=lost, revenue=revenue)
    if action.kind in ("more", "less") and action.since:
        before, after = (say.units(units) for units in numbers)
        day = say.day(action.since)
        return say.gettext("Since %(day)s it sells %(after)s a day instead of %(before)s.", day=day, before=before, after=after)
    if action.kind in ("more", "less"):
        usual, expected = (say.number(units) for units in numbers)
        return say.gettext("%(expected)s units are expected in 28 days; it usually sold %(usual)s.", expected=expected, usual=usual)
    if action.kind == "facings":
        before, planned = (say.number(count) for count in numbers[:2])
        gain = say.money(numbers[2], row.currency)
        return say.gettext(
            "The shelf plan gives it %(planned)s facings instead of %(before)s: %(gain)s a day.", planned=planned, before=before, gain=gain
        )
    if action.kind == "delist":
        times, days = (say.number(count) for count in numbers[:2])
        return say.gettext(
            "Sold %(times)s times in %(days)s days, for %(revenue)s.", times=times, days=days, revenue=say.money(numbers[2], row.currency)
        )
    return ""
