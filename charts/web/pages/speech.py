"""Words, money, numbers and dates in the reader's language and the store's country."""

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from babel.support import NullTranslations, Translations

from charts.figures.style import MINUS

FOLDER: Final = Path(__file__).parent / "locale"
SOURCE: Final = "en"
"""The language that the words in the code are in; every file of `locale/` adds another one."""
NOTHING: Final = "\N{EN DASH}"
"""Stands where there is no number, and between the two ends of a range."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@cache
def languages() -> tuple[str, ...]:
    """The languages that the pages speak, English first."""
    return (SOURCE, *sorted(file.stem for file in FOLDER.glob("*.po")))


@cache
def catalog(language: str) -> NullTranslations:
    """The words of a language, from its file."""
    if language == SOURCE:
        return NullTranslations()
    with (FOLDER / f"{language}.po").open("rb") as file:
        words = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, words)
    compiled.seek(0)
    return Translations(compiled)


def preferred_language(accept: str) -> str:
    """The language of ours that a header Accept-Language likes best; English where it likes none."""
    wishes = []
    for place, part in enumerate(accept.split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, name.split("-")[0].lower()))
        except ValueError:
            continue
    return next((name for _, _, name in sorted(wishes) if name in languages()), SOURCE)


class Speech:
    """How a reader is spoken to. country: ISO 3166 code of the stores, empty for none. zone: their time zone."""

    def __init__(self, language: str, country: str, zone: tzinfo) -> None:
        self.language = language
        self.zone = zone
        self._words = catalog(language)
        self.locale = _locale(language, country)

    @property
    def direction(self) -> str:
        """Ltr, or rtl for scripts that run from right to left."""
        return self.locale.text_direction

    def gettext(self, words: str, **values: Any) -> str:
        """Words in the reader's language, their %(name)s filled in."""
        said = str(self._words.ugettext(words))
        return said % values if values else said

    def ngettext(self, one: str, many: str, n: int, **values: Any) -> str:
        """The same for a number of things."""
        return str(self._words.ungettext(one, many, n)) % {"n": self.number(n), **values}

    # ------------------------------------------------------------------ numbers

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with its groups of thousands."""
        return _minus(format_decimal(round(value, decimals) + 0.0, f"#,##0.{'0' * decimals}" if decimals else "#,##0", locale=self.locale))

    def units(self, value: float) -> str:
        """Units: a decimal only where the number is small and not whole."""
        small = abs(value) < 10 and abs(value - round(value)) >= 0.05
        return self.number(value, 1 if small else 0)

    def money(self, amount: float | None, currency: str | None, *, sign: bool = False) -> str:
        """An amount: with decimals only below a hundred; a dash where it is not known."""
        if amount is None:
            return NOTHING
        whole = abs(amount) >= 100
        value = round(amount) if whole else round(amount, 2)
        value = value or 0.0
        if currency is None:
            text = self.number(abs(value), 0 if whole else 2)
        else:
            form = self.locale.currency_formats["standard"].pattern if whole else None
            form = None if form is None else form.replace(".00", "")
            text = format_currency(abs(value), currency, format=form, locale=self.locale, currency_digits=not whole)
        before = MINUS if value < 0 else "+" if sign and value > 0 else ""
        return f"{before}{text}"

    def compact(self, amount: float) -> str:
        """A number in a few characters, for the axis of a chart."""
        if abs(amount) < 1000:
            return self.number(amount, 0 if amount == round(amount) else 1)
        return _minus(format_compact_decimal(amount, fraction_digits=1 if abs(amount) < 10_000 else 0, locale=self.locale))

    def percent(self, fraction: float, *, sign: bool = False) -> str:
        """A fraction as percent; a decimal below ten."""
        decimals = abs(fraction) < 0.0995
        text = format_percent(abs(fraction), _percent_pattern(self.locale, decimals), locale=self.locale)
        return f"{MINUS if fraction < 0 else '+' if sign and fraction > 0 else ''}{text}"

    # ------------------------------------------------------------------ bands

    def band(self, low: str, high: str, likely: str) -> str:
        """What is expected, in the words of a shop."""
        return self.gettext("between %(low)s and %(high)s, most likely %(likely)s", low=low, high=high, likely=likely)

    def units_band(self, mean: float, low: float, high: float) -> str:
        """A forecast in units, in words."""
        return self.band(self.number(low), self.number(high), self.number(mean))

    # ------------------------------------------------------------------ time

    def day(self, iso: str, form: str = "EEE d MMM") -> str:
        """A business date: by default with its weekday, without its year."""
        return format_date(date.fromisoformat(iso), _skeletons(self.language).get(form, form), locale=self.locale)

    def clock(self, seconds: float) -> str:
        """The store's time of day, as 14:02."""
        return format_time(datetime.fromtimestamp(seconds, UTC).astimezone(self.zone), "short", locale=self.locale)

    def moment(self, seconds: float) -> str:
        """Date and time of day in the store."""
        return format_datetime(datetime.fromtimestamp(seconds, UTC).astimezone(self.zone), "medium", locale=self.locale)

    def ago(self, seconds: float) -> str:
        """How long ago."""
        if seconds < _MINUTE:
            return self.gettext("just now")
        if seconds < _HOUR:
            minutes = int(seconds // _MINUTE)
            return self.ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes)
        if seconds < 2 * _DAY:
            return self.ngettext("%(n)s hour ago", "%(n)s hours ago", int(seconds // _HOUR))
        return self.ngettext("%(n)s day ago", "%(n)s days ago", int(seconds // _DAY))


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def _percent_pattern(locale: Locale, decimals: bool) -> str:  # noqa: FBT001 - of this file
    pattern: str = locale.percent_formats[None].pattern
    return pattern.replace("#,##0", "0.0") if decimals else pattern


def _skeletons(language: str) -> Mapping[str, str]:
    """The order of a date's parts where it differs from English."""
    return {"EEE d MMM": "EEE d. MMM", "EEEE d MMMM": "EEEE, d. MMMM", "d MMM": "d. MMM"} if language == "de" else {}


@cache
def _locale(language: str, country: str) -> Locale:
    """The language as it is written in the country, as far as anybody writes it there."""
    try:
        return Locale.parse(f"{language}_{country[:2]}" if country else language)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language)
