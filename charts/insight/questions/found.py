"""The parts of a question, taken out of its text in an order in which none hides another."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from charts.insight.questions import phrases
from charts.insight.questions.names import Known
from charts.insight.questions.naming import Names
from charts.insight.questions.phrases import Bounds, Ranking
from charts.insight.questions.text import Ambiguous, Text, Unknown
from charts.insight.questions.timing import Times, take_times
from charts.insight.questions.words import CHANGED, FELL, ROSE, UNSUPPORTED

_WHY: Final = (
    r"why|(?:what|which) (?:are |is |was |were )?(?:the )?(?:causes?|caused|reasons?|drove|drives|drivers?)(?: (?:for|of|behind))?"
    r"|explain|reasons? (?:for|behind|of)"
)
_UNSOLD: Final = (
    r"(?:did not|didnt|do not|dont|not|never|were not|was not|werent|havent|have not) (?:been )?(?:sell|sold)(?: at all)?|unsold"
    r"|(?:with |had |have |without )?(?:no|any|zero) sales?"
)
_LOST: Final = r"lost money|lose money|losing money|loss making|lossmaking|made (?:a )?loss(?:es)?|unprofitable|(?:with )?negative profits?"
_SHARE: Final = (
    r"how much of(?: the| our)?(?= (?:revenue|profit|turnover|takings|sales|units|returns))"
    r"|(?:what |which )?(?:shares?|percentages?|percent|proportions?|fractions?)(?: of(?: the| our)?)?|contribution(?: to)?"
)
_RETURNED_SHARE: Final = (
    r"(?:what |which )?(?:fraction|share|percentage|percent|proportion) of (?:the |all |our )?(?:units|goods|items|products)?"
    r" ?(?:sold )?(?:that )?(?:were |was |got )?returned"
)
_A_DAY: Final = "per day|a day|daily|each day"
_HORIZONS: Final = (
    (r"(?:for )?(?:the )?(?:next day|day ahead|one day|1 day|tomorrow)(?: s)?(?: horizon)?", "day"),
    (r"(?:for )?(?:the )?(?:(?:next )?(?:7|seven) days?|week ahead|next week|weekly)(?: ahead| horizon)?", "7_days"),
    (r"(?:for )?(?:the )?(?:(?:next )?28 days?|(?:next )?four weeks?|month ahead)(?: ahead| horizon)?", "28_days"),
)
_COMPARING: Final = r"compare|compared|comparison|versus|vs|v|against|compared (?:to|with)|than|difference between|between"


@dataclass(slots=True)
class Found:
    """What a question names; `by` is the dimension that its rows are of, `only_those` says that a bound selects them."""

    question: str
    names: Names
    bounds: Bounds
    why: bool = False
    unsold: bool = False
    lost: bool = False
    per_day: bool = False
    share: bool = False
    error: str = ""
    horizon: str = ""
    measures: list[str] = field(default_factory=list)
    times: Times = field(default_factory=Times)
    weekdays: tuple[int, ...] = ()
    future: bool = False
    by: str = ""
    only_those: bool = False
    ranking: Ranking = field(default_factory=Ranking)
    direction: str = ""
    plural: bool = False
    """Whether "which items" was asked, rather than "which item"."""

    def says(self, words: str) -> bool:
        """Whether the question has one of these words, read or not."""
        return re.search(rf"(?<!\w)(?:{words})(?!\w)", self.question.casefold()) is not None

    def with_measures(self, *measures: str) -> list[str]:
        """The question with each of these measures named."""
        return [f"{self.question} ({one})" for one in measures]


def find(text: Text, question: str, names: Names, bounds: Bounds, known: Known) -> Found:
    """Take everything out of a question whose names and bounds are taken. Raises Ambiguous, Unknown."""
    for word in text.words():
        if word in UNSUPPORTED:
            raise Unknown(f"About {word!r}: {UNSUPPORTED[word]}.")
    text.take("(?:would|d) like")
    found = Found(question, names, bounds)
    found.why, found.unsold, found.lost = (text.take(phrase) is not None for phrase in (_WHY, _UNSOLD, _LOST))
    found.per_day = _take_per_day(text)
    if text.take(_RETURNED_SHARE):
        found.measures = ["return_rate"]
    text.take(rf"(?:percentage|percent)(?= (?:{'|'.join((ROSE + ' ' + FELL + ' ' + CHANGED).split())}))")
    found.share = text.take(_SHARE) is not None
    found.error = phrases.take_error_measure(text)
    if found.error:
        found.horizon = next((name for pattern, name in _HORIZONS if text.take(pattern)), "")
        text.take("forecasts?|predictions?")
    found.measures += phrases.take_measures(text)
    found.times = _times(text, found, known)
    found.weekdays = _weekdays(text, question)
    found.future = phrases.take_future(text) if not found.error else False
    _take_rows(text, found)
    return found


def _take_per_day(text: Text) -> bool:
    if text.take("daily (?:average|mean)|mean a day"):
        return True
    return text.take(rf"(?:average|mean|avg)(?= .*(?:{_A_DAY}))") is not None and text.take(_A_DAY) is not None


def _take_rows(text: Text, found: Found) -> None:
    """What the rows are, and in which order."""
    group = phrases.take_group(text)
    found.ranking = ranking = phrases.take_ranking(text)
    found.direction = phrases.take_change(text)
    noun = ""
    if not (ranking.by and group):
        noun, found.plural, counted = phrases.take_noun(text)
        if counted and text.has(phrases.SELL):
            units = re.sub(r"(?i)\b(?:items|products|articles|goods)\b", "units", found.question)
            raise Ambiguous("Units sold, or different items?", [units])
        if counted:
            raise Unknown("Stores and items are not counted; their sales are.")
    if group and ranking.by and group != ranking.by:
        raise Unknown(f"An answer is split by one thing at a time, by {group} or by {ranking.by}.")
    found.by = group or ranking.by or noun or ("item" if ranking.sells else "")
    found.only_those = bool(noun) and not group
    if not found.by and text.take(_COMPARING):
        kinds = [kind for kind in ("store", "item") if len(found.names.of(kind)) > 1]
        found.by = kinds[0] if kinds else ""


def _times(text: Text, found: Found, known: Known) -> Times:
    try:
        return take_times(text, date.fromisoformat(known.today), found.question)
    except Ambiguous as asked:
        if not any(choice.startswith("MEASURE") for choice in asked.choices):
            raise
        if not found.measures:
            raise Ambiguous("What is to be measured?", found.with_measures("revenue", "profit", "units")) from None
        measure = found.measures[0].replace("_", " ")
        head = f"why did {measure} change" if found.why else measure
        group = re.search(r"(?i)\bby (?:store|shop|item|product|branch)\b", found.question)
        head += f" {group[0]}" if group else ""
        head += "".join(f' in store "{store}"' for store in found.names.of("store"))
        head += "".join(f' of item "{item}"' for item in found.names.of("item"))
        asked.choices = tuple(choice.replace("MEASURE", head) for choice in asked.choices)
        raise


def _weekdays(text: Text, question: str) -> tuple[int, ...]:
    try:
        return phrases.take_weekdays(text)
    except Ambiguous as asked:
        day = asked.choices[0].split()[1]
        asked.choices = tuple(re.sub(rf"(?i)(?:on )?\b{day}\b", choice, question, count=1) for choice in asked.choices)
        raise
