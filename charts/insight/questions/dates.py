"""Time words: which business dates an English phrase means, seen from a given day. Weeks begin on Monday, as in ISO 8601."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

Unit = Literal["day", "week", "month", "quarter", "year", "range", "ahead"]


@dataclass(frozen=True, slots=True)
class Span:
    """Business dates, both included. `unit` says what the one before it is; `ahead`: so many days after the newest closed day."""

    first: date
    last: date
    unit: Unit
    ahead_days: int = 0

    def until(self, today: date) -> "Span":
        """Cut at today, for what has been sold."""
        return replace(self, last=min(self.last, today)) if self.first <= today else self

    def whole(self) -> "Span":
        """The whole week, month, quarter or year that it belongs to."""
        return self if self.unit in ("range", "ahead") else of_unit(self.first, self.unit)

    def previous(self) -> "Span":
        """The one before, like for like: a period that has only begun is compared with the same days of the one before."""
        days = (self.last - self.first).days
        if self.unit == "range":
            return Span(self.first - timedelta(days + 1), self.first - timedelta(1), "range")
        before = of_unit(self.first - timedelta(1), self.unit)
        is_whole = self.last == of_unit(self.first, self.unit).last
        return before if is_whole else replace(before, last=min(before.first + timedelta(days), before.last))

    def year_before(self) -> "Span":
        """The same of the year before: of a week the week of the same number, else the same dates."""
        if self.unit == "week":
            year, week, _ = self.first.isocalendar()
            monday = date.fromisocalendar(year - 1, min(week, 52), 1)
            return Span(monday, monday + (self.last - self.first), "week")
        first = _years(self.first, -1)
        is_whole = self.unit != "range" and self.last == of_unit(self.first, self.unit).last
        return Span(first, of_unit(first, self.unit).last if is_whole else _years(self.last, -1), self.unit)


def of_unit(day: date, unit: str) -> Span:
    """The day, week, month, quarter or year that a date lies in."""
    if unit == "week":
        monday = day - timedelta(day.weekday())
        return Span(monday, monday + timedelta(6), "week")
    if unit == "month":
        return Span(day.replace(day=1), _month_end(day), "month")
    if unit == "quarter":
        first = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        return Span(first, _month_end(_months(first, 2)), "quarter")
    if unit == "year":
        return Span(date(day.year, 1, 1), date(day.year, 12, 31), "year")
    return Span(day, day, "day")


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _months(day: date, count: int) -> date:
    month = day.year * 12 + day.month - 1 + count
    year, month = divmod(month, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _years(day: date, count: int) -> date:
    return _months(day, 12 * count)


def moved(span: Span, count: int) -> Span:
    """The whole week, month, quarter or year so many units later."""
    unit = span.unit
    if unit == "week":
        return of_unit(span.first + timedelta(7 * count), unit)
    if unit == "day":
        return of_unit(span.first + timedelta(count), unit)
    return of_unit(_months(span.first, count * {"month": 1, "quarter": 3, "year": 12}[unit]), unit)


MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
DAYS: Final = {
    name: number
    for number, names in enumerate(
        ("monday mon", "tuesday tue tues", "wednesday wed", "thursday thu thur thurs", "friday fri", "saturday sat", "sunday sun")
    )
    for name in names.split()
}
_ONES: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen"),
)
NUMBERS: Final = {word: number for number, word in enumerate(_ONES)} | {
    "twenty": 20,
    "thirty": 30,
    "fifty": 50,
    "hundred": 100,
    "dozen": 12,
    "couple": 2,
}

M: Final = f"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})"
N: Final = rf"(?:\d+|{'|'.join(NUMBERS)})"
_D: Final = f"(?:{'|'.join(sorted(DAYS, key=len, reverse=True))})"
_Y: Final = r"(?:19|20)\d\d"
_ORD: Final = r"(\d{1,2})(?:st|nd|rd|th)?"
_UNIT: Final = r"(day|week|month|quarter|year)"


class AmbiguousDateError(Exception):
    """Two dates are possible: the British and the American reading."""

    def __init__(self, text: str, choices: tuple[date, date]) -> None:
        super().__init__(text)
        self.text, self.choices = text, choices


Rule = Callable[[re.Match[str], date], Span | None]


def number(word: str) -> int:
    """A number in digits or words."""
    return int(word) if word.isdigit() else NUMBERS[word]


def _date(year: int, month: int, day: int) -> Span | None:
    try:
        return of_unit(date(year, month, day), "day")
    except ValueError:
        return None


def _slashed(match: re.Match[str], today: date) -> Span | None:
    del today
    one, other, year = int(match[1]), int(match[2]), int(match[3])
    british, american = _date(year, other, one), _date(year, one, other)
    if british and american and british != american:
        raise AmbiguousDateError(match[0].strip(), (british.first, american.first))
    return british or american


def _day_of_month(day: str, month: str, year: str | None, today: date) -> Span | None:
    if year:
        return _date(int(year), MONTHS[month], int(day))
    found = _date(today.year, MONTHS[month], int(day))
    return found if found is None or found.first <= today else _date(today.year - 1, MONTHS[month], int(day))


def _days_of_month(match: re.Match[str], today: date) -> Span | None:
    first = _day_of_month(match[1], match[3], match[4], today)
    last = _day_of_month(match[2], match[3], match[4], today)
    return Span(first.first, last.last, "range") if first and last and first.first <= last.last else None


def _days_of_american_month(match: re.Match[str], today: date) -> Span | None:
    first = _day_of_month(match[2], match[1], match[4], today)
    last = _day_of_month(match[3], match[1], match[4], today)
    return Span(first.first, last.last, "range") if first and last and first.first <= last.last else None


def _month(match: re.Match[str], today: date) -> Span:
    which, month, year = match["which"], MONTHS[match["month"]], match["year"]
    if year:
        return of_unit(date(int(year), month, 1), "month")
    if match["ago"]:
        return of_unit(date(today.year - (match["ago"].startswith("last")), month, 1), "month")
    newest = date(today.year - (month > today.month), month, 1)
    if which == "next":
        newest = date(today.year + (month <= today.month), month, 1)
    elif which == "last" and month == today.month:
        newest = date(today.year - 1, month, 1)
    return of_unit(newest, "month")


def _relative(match: re.Match[str], today: date) -> Span:
    count = {"this": 0, "current": 0, "next": 1, "coming": 1}.get(match[1], -1)
    return moved(of_unit(today, match[2]), count)


def _rolling(match: re.Match[str], today: date) -> Span | None:
    count, unit = number(match[1] or "1"), match[2]
    if count < 1:
        return None
    if unit in ("day", "week"):
        return Span(today - timedelta(count * (7 if unit == "week" else 1) - 1), today, "range")
    return Span(_months(today, -count * {"month": 1, "quarter": 3, "year": 12}[unit]) + timedelta(1), today, "range")


def _ahead(match: re.Match[str], today: date) -> Span:
    days = number(match[1]) * (7 if match[2] == "week" else 1)
    return Span(today + timedelta(1), today + timedelta(days), "ahead", days)


def _weekday(match: re.Match[str], today: date) -> Span:
    back = (today.weekday() - DAYS[match[1]]) % 7 or 7
    return of_unit(today - timedelta(back), "day")


def _weekend(match: re.Match[str], today: date) -> Span:
    monday = of_unit(today, "week").first - timedelta(7 * (match[1] != "this"))
    return Span(monday + timedelta(5), monday + timedelta(6), "range")


def _week(match: re.Match[str], today: date) -> Span | None:
    week = int(match[1])
    try:
        monday = date.fromisocalendar(int(match[2] or today.year), week, 1)
        if not match[2] and monday > today:
            monday = date.fromisocalendar(today.year - 1, week, 1)
    except ValueError:
        return None
    return of_unit(monday, "week")


def _quarter(match: re.Match[str], today: date) -> Span:
    which = {"first": 1, "second": 2, "third": 3, "fourth": 4}.get(match["nth"] or "") or int(match["digit"] or 0)
    return of_unit(date(_year(match["year"], today, 3 * which - 2), 3 * which - 2, 1), "quarter")


def _half(match: re.Match[str], today: date) -> Span:
    month = 1 if (match["nth"] or match["digit"]) in ("first", "1") else 7
    first = date(_year(match["year"], today, month), month, 1)
    return Span(first, _month_end(_months(first, 5)), "range")


def _year(words: str | None, today: date, month: int) -> int:
    if words and words.isdigit():
        return int(words)
    return today.year - (words == "last year" or (not words and month > today.month))


def _to_date(match: re.Match[str], today: date) -> Span:
    unit = {"y": "year", "m": "month", "q": "quarter", "w": "week"}[match[1][0]]
    return replace(of_unit(today, unit), last=today)


def _day_of(back: int) -> Rule:
    return lambda _, today: of_unit(today - timedelta(back), "day")


_IN_YEAR: Final = rf"(?:(?: of| in)? (?P<year>{_Y}|last year|this year))?"

RULES: Final[tuple[tuple[re.Pattern[str], Rule], ...]] = tuple(
    (re.compile(rf"(?<![\w.-]){pattern}(?![\w-])"), rule)
    for pattern, rule in (
        (r"(\d{4})-(\d\d)-(\d\d)", lambda m, _: _date(int(m[1]), int(m[2]), int(m[3]))),
        (r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", _slashed),
        (r"(\d{4})-(\d\d)", lambda m, _: of_unit(date(int(m[1]), int(m[2]), 1), "month")),
        (rf"(?:from |between )?(?:the )?{_ORD} (?:to|and|until|till) (?:the )?{_ORD}(?: of)? ({M})(?: ({_Y}))?", _days_of_month),
        (rf"(?:from |between )?({M}) {_ORD} (?:to|and|until|till) {_ORD}(?: ({_Y}))?", _days_of_american_month),
        (rf"(?:the )?{_ORD}(?: of)? ({M})(?: ({_Y}))?", lambda m, today: _day_of_month(m[1], m[2], m[3], today)),
        (rf"({M}) (?:the )?{_ORD}(?: ({_Y}))?(?! (?:{M}))", lambda m, today: _day_of_month(m[2], m[1], m[3], today)),
        (r"(?:the )?day before yesterday", _day_of(2)),
        (r"(?:the )?day after tomorrow", _day_of(-2)),
        (rf"({N}) days? ago", lambda m, today: of_unit(today - timedelta(number(m[1])), "day")),
        (r"yesterday", _day_of(1)),
        (r"today", _day_of(0)),
        (r"tomorrow", _day_of(-1)),
        (r"(ytd|mtd|qtd|year to date|month to date|quarter to date|week to date)", _to_date),
        (r"so far this (year|month|quarter|week)", _to_date),
        (r"this (year|month|quarter|week) so far", _to_date),
        (rf"(?:the )?(?:next|coming|following) ({N}) (day|week)s?", _ahead),
        (rf"(?:the )?(?:last|past|previous|latest) ({N}) {_UNIT}s?", _rolling),
        (rf"(?:the )?past ()?{_UNIT}", _rolling),
        (r"(?:the )?(this|current|last|previous|prior|next|coming) (week|month|quarter|year)(?:'s)?", _relative),
        (rf"(?:the )?(?:week|wk) (\d\d?)(?: of)?(?: ({_Y}))?", _week),
        (rf"(?:the )?(?:q(?P<digit>[1-4])|(?P<nth>first|second|third|fourth) quarter){_IN_YEAR}", _quarter),
        (rf"(?:the )?(?:h(?P<digit>[12])|(?P<nth>first|second) half){_IN_YEAR}", _half),
        (r"(?:the )?(last|past|this) weekend", _weekend),
        (rf"(?:on )?last ({_D})", _weekday),
        (
            rf"(?:(?P<which>last|this|next|past) )?(?P<month>{M})(?:(?: of| in)? (?:(?P<year>{_Y})|(?P<ago>last year|this year)))?",
            _month,
        ),
        (rf"(?:the year )?({_Y})", lambda m, _: of_unit(date(int(m[1]), 1, 1), "year")),
    )
)
