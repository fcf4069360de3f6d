"""What a request asks for: query parameters as typed structs, each with its limits, checked before anything is read."""

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from charts.queries.paging import Key, Slice
from charts.queries.sales import Period
from charts.web.api.problems import ParameterError
from streams.contract.codec import printable

MOST_ROWS: Final = 5000
FIRST_DATE, LAST_DATE = date(2000, 1, 1), date(2099, 12, 31)
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_WHERE: Final = re.compile(r"(?s)(.*?) - at `\$\.?(\w*).*`\Z")

Format = Literal["json", "csv", "parquet"]
StoreName = Annotated[str, Meta(min_length=1, max_length=64, description="One store; all of them where it is not given.")]
ItemName = Annotated[str, Meta(min_length=1, max_length=128, description="One item.")]
BusinessDate = Annotated[date, Meta(description="A business date of the years 2000 to 2099.")]


class Asked(Struct, frozen=True, kw_only=True):
    """The parameters of a route: those that its subclass names, and no others."""


class Listed(Asked, frozen=True, kw_only=True):
    """The parameters of every list."""

    limit: Annotated[int, Meta(ge=1, le=MOST_ROWS, description="Most rows of a page.")] = 1000
    cursor: Annotated[str, Meta(min_length=1, max_length=2048, description="From the `Link` of the page before.")] | UnsetType = UNSET
    fields: (
        Annotated[str, Meta(min_length=1, max_length=512, description="Names of the fields to give, separated by commas.")] | UnsetType
    ) = UNSET
    format: Annotated[Format, Meta(description="The form of the answer, where Accept cannot be set.")] | UnsetType = UNSET


class InPeriod(Listed, frozen=True, kw_only=True):
    """The parameters of a list that may be limited to a period."""

    first: Annotated[BusinessDate, Meta(description="First business date, included.")] | UnsetType = field(name="from", default=UNSET)
    last: Annotated[BusinessDate, Meta(description="Last business date, included.")] | UnsetType = field(name="to", default=UNSET)

    def __post_init__(self) -> None:
        """Check the order of the dates."""
        for name, day in (("from", self.first), ("to", self.last)):
            if isinstance(day, date) and not FIRST_DATE <= day <= LAST_DATE:
                raise ParameterError(name, f"{name}={day}: give a date of the years 2000 to 2099.")
        if isinstance(self.first, date) and isinstance(self.last, date) and self.first > self.last:
            raise ParameterError("from", f"from={self.first} is after to={self.last}: give the earlier date as from.")

    @property
    def bounds(self) -> tuple[str | None, str | None]:
        """First and last date; None: unbounded."""
        return given_date(self.first), given_date(self.last)

    @property
    def period(self) -> Period:
        """The same for questions about sales."""
        return Period(*self.bounds)


A = TypeVar("A", bound=Asked)
T = TypeVar("T")


def given(value: T | UnsetType) -> T | None:
    """A parameter that was given, else None."""
    return None if isinstance(value, UnsetType) else value


def given_date(value: date | UnsetType) -> str | None:
    """A date that was given as text, else None."""
    return None if isinstance(value, UnsetType) else value.isoformat()


def parsed(query: Iterable[tuple[str, str]], kind: type[A]) -> A:
    """The parameters of a query string. Raises ParameterError with a sentence that names the parameter."""
    known = kind.__struct_encode_fields__
    values: dict[str, str] = {}
    for name, value in query:
        if name not in known:
            raise ParameterError(None, f"There is no parameter {printable(name, 40)!r} here: use {', '.join(known) or 'none'}.")
        if name in values:
            raise ParameterError(name, f"{name} is given twice: give it once.")
        values[name] = value
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        if missing := _MISSING.search(str(error)):
            raise ParameterError(missing[1], f"{missing[1]} is missing: give it.") from None
        sentence, place = m.groups() if (m := _WHERE.match(str(error))) else (str(error), "")
        raise ParameterError(place or None, f"{place or 'The query'}: {sentence[:1].lower()}{sentence[1:]}.") from None


def cursor_of(after: Key | None) -> str | None:
    """A key as clients carry it: opaque text that needs no escaping in a URL."""
    return None if after is None else base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")


def slice_of(asked: Listed, shape: Any) -> Slice:
    """The rows that a list is asked for. shape: the type of its keys. Raises ParameterError for a cursor of another list."""
    text = given(asked.cursor)
    if text is None:
        return Slice(asked.limit)
    try:
        after = msgspec.json.decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), type=shape)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise ParameterError("cursor", "cursor is not of this list: take it from the Link of the page before.") from None
    return Slice(asked.limit, after)
