"""Finds what a question asks about its rows: the measure, the grouping, the ranking, bounds, shares, causes, actions."""

import re
from dataclasses import dataclass
from typing import Final

from charts.insight.questions.catalogue import MEASURES
from charts.insight.questions.dates import DAYS, M, N, number
from charts.insight.questions.form import Bound, Comparison
from charts.insight.questions.text import Ambiguous, Text, Unknown
from charts.insight.questions.words import ADVERBS, CHANGED, DIMENSION_OF, ERROR_PHRASES, FELL, FUTURE, MEASURE_PHRASES, ROSE, D

_NUM: Final = r"-?\d+(?:\.\d+)?(?:k|m)?"
_MORE: Final = r"(?:more|greater|higher|larger|bigger) than|over|above|exceeding|beyond|>"
_LESS: Final = r"(?:less|fewer|lower|smaller) than|under|below|<"
_SIGNS: Final[tuple[tuple[str, Comparison], ...]] = (
    (r"at least|no (?:less|fewer) than|not (?:less|fewer) than|a minimum of|minimum|>=", ">="),
    (r"at most|no more than|not more than|up to|a maximum of|maximum|<=", "<="),
    (_MORE, ">"),
    (_LESS, "<"),
)
_MONEY: Final = r"(?:euros?|eur|pounds?|gbp|dollars?|usd|francs?|chf)"
_CURRENCY: Final = {"eu": "EUR", "po": "GBP", "gb": "GBP", "do": "USD", "us": "USD", "fr": "CHF", "ch": "CHF"}
_UNITS: Final = {"unit": "units", "piece": "units", "return": "returns", "order": "orders", "sale": "sales"}
SELL: Final = r"sales|sale|selling|sold|sell|sells|sellers?"
_TOP: Final = r"top|best|highest|largest|biggest|greatest|most|strongest|leading|busiest|most popular"
_BOTTOM: Final = r"bottom|worst|lowest|smallest|least|fewest|weakest|poorest|quietest|slowest|least popular"


@dataclass(slots=True)
class Bounds:
    """Bounds that were found, and what their numbers count."""

    bounds: list[Bound]
    measure: str = ""
    is_money: bool = False
    currency: str = ""


def take_bounds(text: Text) -> Bounds:
    """Thresholds, read before the dates: 2016 units are no year."""
    found = Bounds([])
    kind = rf"(?: (percent|{_MONEY}|units?|pieces?|returns?|orders?|sales?))?"
    if match := text.take(rf"between ({_NUM}) and ({_NUM})(?! ?(?:19|20)\d\d){kind}(?! (?:to|and|{M})\b)"):
        if not (_is_year(match[1]) and _is_year(match[2]) and not match[3]):
            found.bounds = [Bound(">=", _amount(match[1], match[3])), Bound("<=", _amount(match[2], match[3]))]
            _note(found, match[3])
            return found
        text.rest = text.rest.replace("|", match[0], 1)
    if text.take(r"negative(?= (?:gross )?(?:margins?|profits?|revenues?|units))"):
        found.bounds.append(Bound("<", 0.0))
    for words, sign in _SIGNS:
        while match := text.take(rf"(?:by )?(?:{words}) ({_NUM}){kind}(?! (?:days?|weeks?|months?|quarters?|years?)\b)"):
            percent_of_change = text.has("|".join((ROSE + " " + FELL).split())) and match[2] == "percent"
            value = float(match[1].rstrip("km")) if percent_of_change else _amount(match[1], match[2])
            found.bounds.append(Bound(sign, value, "change_percent" if percent_of_change else "value"))
            _note(found, match[2])
    if len(found.bounds) > 1:
        text.take("but|and(?= \\|)")
    return found


def _is_year(text: str) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d", text) is not None


def _amount(digits: str, unit: str | None) -> float:
    factor = {"k": 1e3, "m": 1e6}.get(digits[-1], 1.0)
    value = float(digits.rstrip("km")) * factor
    return value / 100 if unit == "percent" else value


def _note(found: Bounds, unit: str | None) -> None:
    if not unit or unit == "percent":
        return
    if re.fullmatch(_MONEY, unit):
        found.is_money, found.currency = True, _CURRENCY[unit[:2]]
    else:
        found.measure = _UNITS[unit.rstrip("s")]


def take_error_measure(text: Text) -> str:
    """A measure of the forecasts' quality; empty: none."""
    for pattern, measure in ERROR_PHRASES:
        if text.take(pattern):
            return measure
    return ""


def take_measures(text: Text) -> list[str]:
    """The measures that are named, in the order of the vocabulary."""
    found: list[str] = []
    for pattern, measure in MEASURE_PHRASES:
        while match := pattern.search(text.rest):
            # "most profitable" ranks by profit: the rank word stays.
            text.take(pattern, put=match[0].split()[0] if match[0].endswith("profitable") else "|")
            if measure not in found:
                found.append(measure)
    return found


def take_future(text: Text) -> bool:
    """Whether coming days are asked about."""
    found = False
    while text.take("|".join(FUTURE.split())):
        found = True
    return found


def take_group(text: Text) -> str:
    """The dimension that the answer is split by; empty: none is named outright. Raises Unknown if there are two."""
    text.take(
        r"(?:in|of|for|across|over|at|from)? ?(?:all|every one of) (?:of )?(?:the |our |my )?"
        r"(?:stores|shops|branches|outlets|items|products)"
    )
    text.take(r"(?:break|broken|split) (?:it )?(?:down|up)")
    found: list[str] = []
    if text.take(r"(?:(?:by|per|for each|for every|each|every|on each) )?(?:the )?days? of (?:the )?week|(?:by|per|each|every) week days?"):
        found.append("weekday")
    if text.take(r"(?:by |per |each )?(?:the )?(?:hours?|time) of (?:the )?day"):
        found.append("hour")
    while match := text.take(
        rf"(?:by|per|for each|for every|in each|at each|each|every|across|split by|among|within each) (?:of )?(?:the |our |single )?({D})"
        rf"|({D}) (?:wise|by {D})"
    ):
        found.append(DIMENSION_OF[match[1] or match[2]])
        if also := text.take(rf"(?<=\| )and (?:by |per )?(?:the )?({D})"):
            found.append(DIMENSION_OF[also[1]])
    while match := text.take("|".join(ADVERBS)):
        found.append(ADVERBS[match[0]])
    if len(set(found)) > 1:
        raise Unknown("An answer is split by one thing at a time.", [f"by {found[0]}", f"by {found[1]}"])
    return found[0] if found else ""


@dataclass(slots=True)
class Ranking:
    """How rows are ordered and cut."""

    order: str = ""
    limit: int = 0
    by: str = ""
    is_plural: bool = False
    is_best: str = ""
    """"best" or "worst": which end that is depends on the measure."""
    sells: bool = False


def take_ranking(text: Text) -> Ranking:
    """Top and bottom, and the dimension that is ranked."""
    ranking = Ranking()
    every = text.take(r"(?:the )?(?:highest|largest|biggest|best|most|descending|top) first|descending(?: order)?|in descending order")
    if every or text.take(r"(?:rank|ranking of|ranked|sorted|sort|order(?= (?:the )?(?:stores|items|products|shops)))(?: the| our)?"):
        ranking.order = "top"
    elif text.take(r"(?:lowest|smallest|worst|least|fewest) first|(?:in )?ascending(?: order)?"):
        ranking.order = "bottom"
    if ranking.order:
        _take_noun(text, ranking)
        return ranking
    if match := text.take(r"(best|worst|top|slowest|fastest|lowest|highest|least) (?:selling|sellers?|movers?|moving)"):
        ranking.sells = True
        ranking.order = "bottom" if match[1] in ("worst", "slowest", "lowest", "least") else "top"
        _take_count(text, ranking, match)
        return ranking
    if match := text.take(r"(?:sells?|sold|selling) (?:the )?(best|worst)"):
        ranking.sells, ranking.is_plural = True, True
        ranking.order = "top" if match[1] == "best" else "bottom"
        _take_noun(text, ranking)
        return ranking
    if match := text.take(r"slow (?:sellers?|movers?)|bestsellers?"):
        ranking.sells, ranking.order = True, "bottom" if match[0].startswith("slow") else "top"
        _take_count(text, ranking, match)
        return ranking
    if match := text.take(rf"(?:({N}) )?(?:the )?({_TOP}|{_BOTTOM})(?: ({N})(?! (?:days|weeks|months)))?"):
        word = match[2]
        ranking.order = "bottom" if re.fullmatch(_BOTTOM, word) else "top"
        ranking.is_best = word if word in ("best", "worst") else ""
        text.take(r"popular")
        if count := match[1] or match[3]:
            ranking.limit = number(count)
        _take_noun(text, ranking)
        if text.has(f"{_TOP}|{_BOTTOM}"):
            raise Unknown("Ask for one end at a time: the top, or the bottom.")
    return ranking


def _take_count(text: Text, ranking: Ranking, match: re.Match[str]) -> None:
    is_plural = match[0].endswith("s") or text.has("items|products|articles|skus|goods")
    if count := text.take(rf"(?:top |the )?({N})(?= \|)(?! \| (?:days|weeks))"):
        ranking.limit = number(count[1])
    _take_noun(text, ranking)
    ranking.is_plural = ranking.is_plural or is_plural


def _take_noun(text: Text, ranking: Ranking) -> None:
    """The noun that is ranked, with a number if there is one: "which two stores", "3 shops", "day"."""
    numbers = rf"(?:(?:top |the )?({N}) )?"
    if match := text.take(rf"(?:which|what|list|show|give me)? ?(?:are |is |were |was |the |our |of )*{numbers}({D})(?! \d)"):
        ranking.by = DIMENSION_OF[match[2]]
        ranking.is_plural = match[2].endswith("s") or match[2] == "goods"
        if match[1] and not ranking.limit:
            ranking.limit = number(match[1])


def take_noun(text: Text) -> tuple[str, bool, bool]:
    """A dimension that rows are of ("which items", "days with"), whether it is a plural, and whether it is counted ("how many stores")."""
    if text.has(rf"how many (?:different |distinct )?{D}"):
        return "", False, True
    if match := text.take(
        rf"(?:which|what) (?:of (?:the |our )?)?({D})|({D})(?= (?:with|whose|that|where|which|who|have|had|did|do|made))"
        r"|(items|products|articles|stores|shops|branches|outlets|locations)"
    ):
        word = next(one for one in match.groups() if one)
        return DIMENSION_OF[word], word.endswith("s"), False
    return "", False, False


def take_change(text: Text) -> str:
    """Words of change: "rose", "fell", "changed" (also if there are words for both), or empty."""
    found: set[str] = set()
    for words, direction in ((ROSE, "rose"), (FELL, "fell"), (CHANGED, "changed")):
        pattern = "|".join(sorted(words.split(), key=len, reverse=True))
        while text.take(f"(?:go|went|gone|going)? ?(?:{pattern})"):
            found.add(direction)
    if {"rose", "fell"} <= found:
        return "changed"
    return next((one for one in ("rose", "fell", "changed") if one in found), "")


def take_weekdays(text: Text) -> tuple[int, ...]:
    """Weekdays that the sales are limited to: "on Saturdays", "weekends". One single day of the week names no date."""
    found: set[int] = set()
    while text.take(r"(?:on |at |over |during )?(?:the )?weekends"):
        found |= {5, 6}
    if text.take(r"(?:on|during|over) (?:the )?week ?days"):
        found |= {0, 1, 2, 3, 4}
    days = "|".join(sorted(DAYS, key=len, reverse=True))
    while match := text.take(rf"(?:on |and )?({days})s"):
        found.add(DAYS[match[1]])
    if match := text.take(rf"(?:on )?(?:a |every |each )({days})"):
        found.add(DAYS[match[1]])
    if match := re.search(rf"(?<![\w-])(?:on )?((?:{days}))(?![\w-])", text.rest):
        day = match[1].capitalize()
        raise Ambiguous(f"The last {day}, or all {day}s?", [f"last {match[1]}", f"{match[1]}s"])
    return tuple(sorted(found))


def take_actions(text: Text) -> tuple[str, ...] | None:
    """The actions that a question asks about; None: it does not ask what to do."""
    table = {
        r"discount(?:s|ed|ing)?|mark(?:ed)? down|markdown": "discount",
        r"optimi[sz](?:e|ed|ing|ation)|repric(?:e|ing)|(?:price )?check|price review": "check price",
        r"delist(?:ed|ing)?|discontinu(?:e|ed)|drop from (?:the )?range": "delist",
        r"promot(?:e|ed|ing)": "promote",
        r"restock(?:ed|ing)?|raise (?:the )?stock|more stock|stock up": "raise stock",
        r"watch(?:ed)?": "watch",
    }
    asks = r"(?:require|requires|need|needs|should|to be|must|recommended|recommend|deserve|consider|candidates? for|ready for)"
    if not text.has(asks) and not text.has(r"decision table|decisions|what should (?:we|i) do|recommend(?:ed|ations?)?(?: actions?)?"):
        return None
    found = [action for pattern, action in table.items() if text.take(pattern)]
    if not found and not text.take(
        r"(?:the )?decision table|(?:the )?decisions|what should (?:we|i) do(?: next)?|recommend(?:ed|ations?)?(?: actions?)?"
    ):
        return None
    while text.take(asks):
        pass
    text.take("or|and")
    return tuple(found)


def checked_dimension(measure: str, by: str) -> None:
    """Raise Unknown if a measure cannot be split so."""
    known = MEASURES[measure]
    if by not in known.dimensions:
        possible = [one for one in known.dimensions if one]
        head = known.title[0].upper() + known.title[1:]
        what = f"is not kept by {by}" if by else "is not one number"
        raise Unknown(f"{head} {what}.", [f"{measure.replace('_', ' ')} by {one}" for one in possible[:3]])


def without_mean(question: str, instead: str) -> str:
    """The question with another word for the mean."""
    return re.sub(r"(?i)\b(?:average|mean|avg)\b", instead, question)
