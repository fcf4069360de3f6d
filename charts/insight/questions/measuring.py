"""Which measure a question is about; "sales" alone can be three."""

import re

from charts.insight.questions import phrases
from charts.insight.questions.found import Found
from charts.insight.questions.text import Ambiguous, Text, Unknown
from charts.insight.questions.words import MEASURE_PHRASES

_AHEAD = {"revenue": "forecast_revenue", "units": "forecast_units"}


_MANY_MEANINGS = (
    (r"(?:number of |how many )?transactions?", "Orders, or sale lines?", ("number of orders", "number of sales")),
    (r"incomes?|earnings|profitability", "Revenue, or profit?", ("revenue", "profit")),
)


def measure_of(text: Text, found: Found) -> str:
    """The measure; empty if none is named. Raises Ambiguous, Unknown."""
    if found.error:
        if found.measures:
            raise Unknown("Ask about the forecasts' error or about sales, one at a time.")
        return found.error
    named = list(dict.fromkeys([*found.measures, *filter(None, [found.bounds.measure])]))
    for words, question, choices in _MANY_MEANINGS:
        if text.take(words) and not named:
            raise Ambiguous(question, found.with_measures(*choices))
    if found.lost and not named:
        named = ["profit"]
    if len(named) > 1:
        choices = [f"{_without_measures(found.question)} ({one.replace('_', ' ')})" for one in named]
        raise Ambiguous("One measure at a time.", choices)
    if named and "(" not in found.question and text.has(r"sales?(?! (?:in |by )?\|)"):
        raise Unknown("Ask for one measure; what a sale brings on average is not computed.", ["average order value last month"])
    sells = text.take(phrases.SELL) is not None
    while text.take(phrases.SELL):
        pass
    if named:
        return _AHEAD.get(named[0], f"forecast {named[0]}") if found.future else named[0]
    return _unnamed(found, sells=sells)


def _unnamed(found: Found, *, sells: bool) -> str:
    """The measure of a question that names none."""
    if found.says("busiest|quietest") and found.by != "day":
        return "sales"
    if _counts_units(found, sells=sells):
        return "forecast_units" if found.future else "units"
    if found.bounds.is_money:
        raise Ambiguous("Which money is meant?", found.with_measures("revenue", "profit"))
    if found.says("take|took|taken"):
        return "revenue"
    if sells or found.future:
        lines = () if found.future else ("number of sales",)
        raise Ambiguous(
            "Sales can be money, units or the number of sale lines. Which is meant?", found.with_measures("revenue", "units", *lines)
        )
    return ""


def _counts_units(found: Found, *, sells: bool) -> bool:
    """Whether what sells is counted in units: best sellers, "how many eggs", "which item sold most"."""
    ranking = found.ranking
    if ranking.sells or (found.names.of("item") and found.says("how many")):
        return True
    sold = sells and found.says("sold|sells?")
    return bool(ranking.order and found.by == "item" and sold and not ranking.is_best and not found.says("biggest|largest"))


def _without_measures(question: str) -> str:
    rest = question
    for pattern, _ in MEASURE_PHRASES:
        rest = re.sub(rf"(?i)(?:by |in )?{pattern.pattern}", "", rest)
    return " ".join(rest.split())
