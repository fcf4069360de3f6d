"""What the pages say: every language has every word, and numbers, money and dates are those of reader and store."""

import re
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from charts.queries.forecasts import GAINS
from charts.web.pages import speech
from charts.web.pages.desk import PAGES
from charts.web.pages.speech import FOLDER, Speech, languages, preferred_language

ROOM = Path(speech.__file__).parent
TEMPLATES = {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}
WORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def said():
    """Every text in the code and the templates; a pair is one and many."""
    found = {title for _, title in PAGES} | set(GAINS.values())
    for file in ROOM.glob("*.py"):
        with file.open("rb") as source:
            found |= {message for _, message, _, _ in extract("python", source, keywords=WORDS)}
    for file in (ROOM / "templates").glob("*.html"):
        with file.open("rb") as source:
            found |= {message for _, message, _, _ in extract("jinja2.ext:babel_extract", source, keywords=WORDS, options=TEMPLATES)}
        # Jinja's extraction passes over methods.
        found |= set(re.findall(r'say\.ngettext\("([^"]+)", "([^"]+)"', file.read_text()))
    return found


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_a_language_has_every_word_and_no_other(language):
    with (FOLDER / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    known = {message.id: message for message in catalog if message.id}
    ids = said()
    assert {one for one in ids if one not in known} == set()
    assert {one for one in known if one not in ids} == set()
    for message in known.values():
        assert not message.fuzzy
        translations = message.string if isinstance(message.string, tuple) else (message.string,)
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        for text in translations:
            assert text, message.id
            assert set(re.findall(r"%\((\w+)\)", text)) == set(re.findall(r"%\((\w+)\)", originals[-1])), message.id


def test_english_and_german_are_there():
    assert {"en", "de"} <= set(languages())


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,en;q=0.5", "en"),
        ("en;q=0.4, de;q=0.6", "de"),
        ("de;q=zz, xx", "en"),
        ("*", "en"),
    ],
)
def test_the_browser_chooses_the_language(accept, language):
    assert preferred_language(accept) == language


@pytest.mark.parametrize(
    ("language", "country", "currency", "shown"),
    [
        ("en", "US", "USD", "$1,235"), ("de", "DE", "EUR", "1.235 €"), ("en", "DE", "EUR", "1.235 €"), ("de", "CH", "CHF", "CHF 1’235"),
        ("en", "", None, "1,235"), ("en", "GB", "GBP", "£1,235"), ("en", "JP", "JPY", "¥1,235"),
    ],
)  # fmt: skip
def test_money_is_that_of_the_stores_country(language, country, currency, shown):
    assert Speech(language, country, UTC).money(1234.56, currency).replace("\N{NO-BREAK SPACE}", " ") == shown


def test_small_amounts_have_cents_and_a_minus_is_a_minus():
    say = Speech("en", "US", UTC)
    assert say.money(-9.5, "USD") == "−$9.50"
    assert say.money(9.5, "USD", sign=True) == "+$9.50"
    assert say.money(-0.001, "USD") == "$0.00"
    assert say.money(None, "USD") == "–"
    assert say.percent(0.0123, sign=True) == "+1.2%"
    assert say.percent(-0.5) == "−50%"
    assert say.units(0.26) == "0.3"
    assert say.units(20.4) == "20"


def test_times_are_those_of_the_store():
    berlin = Speech("de", "DE", ZoneInfo("Europe/Berlin"))
    assert berlin.clock(1_746_100_920) == "14:02"
    assert berlin.ago(190) == "vor 3 Minuten"
    assert berlin.ago(60) == "vor 1 Minute"
    assert berlin.day("2026-05-01", "EEEE d MMMM") == "Freitag, 1. Mai"
    assert Speech("en", "US", UTC).day("2026-05-01") == "Fri 1 May"
    assert berlin.units_band(20, 12, 31) == "zwischen 12 und 31, am ehesten 20"
