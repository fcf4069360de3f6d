"""Reads a question: every word must have been understood, or the question is not answered."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from rapidfuzz import fuzz, process

from charts.insight.questions import phrases
from charts.insight.questions.checks import checked
from charts.insight.questions.dating import dated
from charts.insight.questions.following import followed
from charts.insight.questions.form import Bound, Form
from charts.insight.questions.found import Found, find
from charts.insight.questions.measuring import measure_of
from charts.insight.questions.names import Known
from charts.insight.questions.naming import Names, take_names
from charts.insight.questions.ordering import ordered
from charts.insight.questions.text import Ambiguous, NotUnderstood, Text, Unknown, quoted, tokens
from charts.insight.questions.words import STOPWORDS

LONGEST_QUESTION: Final = 300
SHORT: Final = 5
"""A question of fewer words that begins with a preposition is a follow-up."""
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


def read(question: str, known: Known, before: Form | None = None, *, depth: int = 0) -> Reading:
    """Read a question; `before` is the form of the question that it may follow up. With depth 1, choices are not tried."""
    if len(question) > LONGEST_QUESTION:
        return Reading(None, f"A question has at most {LONGEST_QUESTION} characters.", near(""))
    reader = _Reader(question, known, before)
    try:
        form = reader.form()
    except Ambiguous as found:
        choices = tuple(one for one in found.choices if depth or _leads_on(one, known, before))
        if choices or not found.choices or depth:
            return Reading(None, found.reason, choices, ambiguous=True, corrections=tuple(reader.text.corrections))
        return Reading(None, found.reason, near(question), corrections=tuple(reader.text.corrections))
    except NotUnderstood as found:
        return Reading(None, found.reason, tuple(found.choices) or near(question), corrections=tuple(reader.text.corrections))
    return Reading(form, corrections=tuple(reader.text.corrections))


def _leads_on(choice: str, known: Known, before: Form | None) -> bool:
    """Whether a choice is answered, or asks back for the next thing."""
    reading = read(choice, known, before, depth=1)
    return reading.form is not None or reading.ambiguous


def near(question: str, most: int = 3) -> tuple[str, ...]:
    """Questions that can be answered, the most similar first."""
    return tuple(text for text, _, _ in process.extract(question, EXAMPLES, scorer=fuzz.token_set_ratio, limit=most))


class _Reader:
    """Reads one question."""

    def __init__(self, question: str, known: Known, before: Form | None) -> None:
        plain, self._quotes = quoted(question.strip())
        self.text = Text(tokens(plain))
        self._question = question.strip().rstrip("?!. ")
        self._known = known
        self._before = before
        self._today = date.fromisoformat(known.today)

    def form(self) -> Form:
        """The logical form. Raises Ambiguous, Unknown."""
        if not self.text.rest:
            raise Unknown("Ask a question.")
        follows = self._before is not None and self._begins_as_follow_up()
        names = take_names(self.text, self._quotes, self._known, self._question)
        bounds = phrases.take_bounds(self.text)
        actions = phrases.take_actions(self.text)
        if actions is not None:
            return self._decisions(actions, names)
        found = find(self.text, self._question, names, bounds, self._known)
        if found.unsold:
            return self._unsold(found)
        measure = measure_of(self.text, found)
        currency = self._currency(found)
        self._refuse_unread(found)
        if self._before is not None and (follows or not measure):
            return followed(self._before, found, measure, self._today)
        if not measure:
            raise Ambiguous("What is to be measured?", found.with_measures("revenue", "profit", "units", "number of sales"))
        return self._whole(found, measure, currency)

    def _whole(self, found: Found, measure: str, currency: str) -> Form:
        """The form of a question that stands by itself."""
        names = found.names
        form = Form(
            kind="why" if found.why else "rows", measure=measure, by=found.by, items=names.of("item"), stores=names.of("store"),
            not_items=names.without("item"), not_stores=names.without("store"), weekdays=found.weekdays, horizon=found.horizon,
            share=found.share, per_day=found.per_day, currency=currency,
            bounds=(Bound("<", 0.0),) if found.lost else tuple(found.bounds.bounds),
        )  # fmt: skip
        form = ordered(form, found)
        future = found.future or measure.startswith("forecast")
        form = dated(form, found.times, self._today, self._question, changes=bool(found.direction), future=future)
        return checked(form, found.direction, self._question)

    def _begins_as_follow_up(self) -> bool:
        """Whether it begins like "and last month?" or "only Leeds", or is as short as "by profit"."""
        if self.text.take(r"^(?:and|what about|how about|now|only|just|but)(?: (?:only|just|for|in|now))*"):
            return True
        return len(self.text.words()) < SHORT and self.text.has("^(?:by|in|for|of|on|per|without|except|excluding)")

    def _decisions(self, actions: tuple[str, ...], names: Names) -> Form:
        phrases.take_noun(self.text)
        self._refuse_unread(None)
        return Form(kind="decisions", actions=actions, items=names.of("item"), stores=names.of("store"))

    def _unsold(self, found: Found) -> Form:
        if found.by not in ("", "item") or [one for one in found.measures if one != "sales"]:
            raise Unknown("Only items can be asked for that did not sell.", ["which items did not sell last week"])
        self._refuse_unread(found)
        names = found.names
        if names.of("item") or names.without("item") or found.weekdays or found.bounds.bounds or found.direction:
            raise Unknown("Items without a sale can be asked for by store and period.", ["which items did not sell last week"])
        form = Form(measure="sales", by="item", unsold=True, stores=names.of("store"), not_stores=names.without("store"))
        return dated(form, found.times, self._today, self._question, changes=False, future=False)

    def _currency(self, found: Found) -> str:
        named = found.bounds.currency
        for currency in self._known.currencies:
            if self.text.take(f"(?:in )?{currency.casefold()}"):
                named = currency
        if named and named not in self._known.currencies:
            raise Unknown(f"There are no sales in {named}.")
        return named if len(self._known.currencies) > 1 else ""

    def _refuse_unread(self, found: Found | None) -> None:
        """Raise unless only words are left that mean nothing here."""
        if found is not None and self.text.take("average|mean|avg"):
            choices = [phrases.without_mean(self._question, one) for one in ("total", "daily average")]
            raise Ambiguous("The mean of what? A mean a day can be computed, and the average value of an order.", choices)
        if found is not None and self.text.take("returned"):
            raise Ambiguous("Returns counted, or units returned?", found.with_measures("number of returns", "units returned"))
        left = [word for word in self.text.words() if not is_mark(word) and word not in STOPWORDS]
        if left:
            raise Unknown(f"Not understood: {', '.join(dict.fromkeys(left))}.")


def is_mark(word: str) -> bool:
    """Whether a word stands for a name, a period or a phrase that was taken out."""
    return word == "|" or (word[0] in "NT" and word[1:].isdigit())
