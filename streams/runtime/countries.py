"""Countries of stores as ISO 3166 codes: which of them have known public holidays, and the file of stores in other countries."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import holidays

from streams.contract.errors import SettingsError
from streams.contract.settings import WorkerSettings
from streams.processor.rules import place

MAX_ROWS: Final = 100_000
"""Rows a file of stores may have: ten times the stores a partition takes."""

_MAX_BYTES: Final = 32 * 1024 * 1024
_CODE: Final = re.compile(r"[A-Z]{2,3}(-[A-Z0-9]{1,3})?")
_COLUMNS: Final = ("store", "country")
_DELIMITERS: Final = (",", ";", "\t")
_SHOWN: Final = 20


def countries_of(settings: WorkerSettings) -> tuple[str, dict[str, str]]:
    """The country of all stores, empty for none, and by name those of the stores that have one of their own.

    Raises SettingsError for a code that nobody knows the holidays of, or a file that does not say which store is where.
    """
    country = settings.country.strip()
    if country:
        try:
            country = code_of(country)
        except ValueError as error:
            raise SettingsError(f"SHELFCAST_COUNTRY={settings.country!r}: {error}, or nothing for no holidays.") from None
    return country, read_countries(Path(settings.store_countries)) if settings.store_countries else {}


def code_of(text: str) -> str:
    """An ISO 3166 code in capitals: a country's, as DE, or a subdivision's, as DE-NW.

    Raises ValueError that ends with what to set, without a full stop.
    """
    code = text.strip().upper()
    if _CODE.fullmatch(code):
        country, subdivision = place(code)
        try:
            holidays.country_holidays(country or "", subdiv=subdivision)
        except (NotImplementedError, TypeError):  # TypeError: names of the library that are no countries, as MON
            pass
        else:
            return code
        if subdivision and (known := _subdivisions(country or "")) is not None:
            raise ValueError(f"{country} has no such subdivision with holidays of its own: set {_choice(country or '', known)}")
    raise ValueError("no public holidays are known for it: set an ISO 3166 code, as DE or DE-NW")


def read_countries(path: Path) -> dict[str, str]:
    """The code of each store of a CSV file with the columns store and country. Raises SettingsError."""
    found: dict[str, str] = {}
    codes: dict[str, str] = {}
    for line, store, country in _rows(path):
        if not store or not country:
            raise SettingsError(f"{path}, line {line}: the {'country' if store else 'store'} is empty: write both, as in 25,DE-NW.")
        if country not in codes:
            try:
                codes[country] = code_of(country)
            except ValueError as error:
                raise SettingsError(f"{path}, line {line}: country {country!r}: {error}.") from None
        code = codes[country]
        if found.setdefault(store, code) != code:
            raise SettingsError(f"{path}, line {line}: the store {store!r} stands twice, as {found[store]} and as {code}: keep one.")
    return found


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, store and country of each row that is not blank."""
    reader = csv.reader(io.StringIO(text := _text(path), newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if any(header.count(name) != 1 for name in _COLUMNS):
            named = ", ".join(header)[:200]
            raise SettingsError(f"{path}, line 1: the columns are {named or '(none)'}: write one store and one country, as store,country.")
        places, rows = [header.index(name) for name in _COLUMNS], 0
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            rows += 1
            if rows > MAX_ROWS:
                raise SettingsError(f"{path}, line {reader.line_num}: more than {MAX_ROWS:,} rows: write one a store.")
            store, country = (row[at].strip() if at < len(row) else "" for at in places)
            yield reader.line_num, store, country
    except csv.Error as error:
        raise SettingsError(f"{path}, line {reader.line_num}: it cannot be split into columns ({error}): look at its quotes.") from None


def _text(path: Path) -> str:
    if not path.is_file():
        raise SettingsError(f"SHELFCAST_STORE_COUNTRIES: there is no file {path}: name a CSV file with the columns store and country.")
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"SHELFCAST_STORE_COUNTRIES: {path} cannot be read ({error.strerror}): let this user read it.") from None
    if len(data) > _MAX_BYTES:
        raise SettingsError(f"SHELFCAST_STORE_COUNTRIES: {path} is larger than 32 MB: write one row a store.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {line}: it is not UTF-8: save the file as CSV UTF-8.") from None


def _delimiter(text: str) -> str:
    """Of the header line: spreadsheets of some countries write semicolons."""
    return max(_DELIMITERS, key=text.split("\n", 1)[0].count)


def _subdivisions(country: str) -> list[str] | None:
    """ISO codes of a country's subdivisions with holidays of their own; None for a country that is not known."""
    known = holidays.list_supported_countries(include_aliases=False).get(country)
    return None if known is None else [name for name in known if _CODE.fullmatch(f"{country}-{name}")]


def _choice(country: str, known: list[str]) -> str:
    if not known:
        return country
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"{country}, or one of {', '.join(f'{country}-{name}' for name in known[:_SHOWN])}{more}"
