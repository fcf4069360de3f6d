"""One visit to a page: its filters, who is spoken to and how, and links that keep the filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from charts.web.pages.speech import Speech
from streams.contract.codec import printable
from streams.contract.errors import UsageError

PERIODS: Final = (7, 28, 91, 364)
DEFAULT_DAYS: Final = 28
ROWS: Final = 50
"""Rows of a table's page."""
LONGEST: Final = 200
_MOST_PAGES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says. Store, category and period go along to every page."""

    store: str | None = None
    category: str | None = None
    days: int = DEFAULT_DAYS
    q: str = ""
    sort: str = ""
    page: int = 1
    item: str | None = None
    level: int = 95
    """Service level of orders, percent."""

    def query(self) -> dict[str, str]:
        """As an address has them; what is usual is left out."""
        usual = Filters()
        values = {"store": self.store, "category": self.category, "days": self.days, "q": self.q, "sort": self.sort, "page": self.page}
        values |= {"item": self.item, "level": self.level}
        return {name: str(value) for name, value in values.items() if value is not None and value != getattr(usual, name)}


def filters_of(pairs: Sequence[tuple[str, str]]) -> Filters:
    """The filters of a query string; an empty value counts as none. Raises UsageError with a sentence that names the parameter."""
    values = {}
    for name, value in pairs:
        if name not in Filters.__slots__:
            raise UsageError(f"There is no parameter {printable(name, 40)!r} here: use {', '.join(Filters.__slots__)}.")
        if name in values:
            raise UsageError(f"{name} is given twice: give it once.")
        if len(value) > LONGEST:
            raise UsageError(f"{name} has {len(value)} characters: give at most {LONGEST}.")
        if value:
            values[name] = value
    days = _number(values, "days", DEFAULT_DAYS)
    if days not in PERIODS:
        raise UsageError(f"days={days}: give one of {', '.join(map(str, PERIODS))}.")
    level = _number(values, "level", Filters().level)
    if not 50 <= level <= 99:
        raise UsageError(f"level={level}: give a number from 50 to 99.")
    page = _number(values, "page", 1)
    if not 1 <= page <= _MOST_PAGES:
        raise UsageError(f"page={page}: give a number from 1.")
    return Filters(
        values.get("store"), values.get("category"), days, values.get("q", ""), values.get("sort", ""), page, values.get("item"), level
    )


def _number(values: Mapping[str, str], name: str, usual: int) -> int:
    text = values.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"{name}={printable(text, 40)!r}: give a whole number.")
    return int(text)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit. path: of the page, without its query."""

    path: str
    filters: Filters
    speech: Speech
    now: float
    theme: str = ""
    token: str = ""
    """Proves that a change comes from a page that was shown to this session."""
    who: str = ""
    """Who is logged in; empty: nobody needs to."""
    stores: frozenset[str] | None = None
    """The stores that they may see; None: all."""

    def may_see(self, store: str) -> bool:
        """Whether the visitor may be told of a store."""
        return self.stores is None or store in self.stores

    def to(self, path: str, **changes: str | int | None) -> str:
        """The address of another page with the same store, category and period; `changes` are filters of that page."""
        kept = Filters(self.filters.store, self.filters.category, self.filters.days)
        query = replace(kept, **changes).query()  # type: ignore[arg-type]
        return f"{path}?{urlencode(query)}" if query else path

    def here(self, **changes: str | int | None) -> str:
        """The address of this page with some filters changed."""
        query = replace(self.filters, **changes).query()  # type: ignore[arg-type]
        return f"{self.path}?{urlencode(query)}" if query else self.path

    def item(self, store: str, item: str) -> str:
        """The address of an item's page."""
        return self.to("/item", store=store, item=item)

    def in_language(self, language: str) -> str:
        """The address of this page in another language."""
        query = self.filters.query() | {"lang": language}
        return f"{self.path}?{urlencode(query)}"
