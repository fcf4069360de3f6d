"""What the resources share: a request's way from its parameters to a list in the form that the client likes best."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from litestar import Request
from litestar.response import Response
from msgspec import Struct
from msgspec import json as msgspec_json

from charts.queries.health_rows import newness
from charts.queries.paging import Page, Slice
from charts.queries.sales import Finds
from charts.web.api.asked import Asked, Listed, cursor_of, given, parsed, slice_of
from charts.web.api.kept import CODINGS, Keeper, Kept, Made
from charts.web.api.problems import problem
from charts.web.api.tables import CSV, JSON, OF_FORMAT, PARQUET, csv_of, json_of, parquet_of
from charts.web.asking import preferred
from charts.web.fresh import FreshFor
from streams.contract.errors import ServerError, UsageError
from streams.http.access import RefusedError
from streams.http.rate import RateLimit
from streams.kafka.quiet_log import RateLimited

AnyRequest = Request[Any, Any, Any]
A = TypeVar("A", bound=Asked)
L = TypeVar("L", bound=Listed)
Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")

VARY: Final = "Accept, Accept-Encoding, Authorization, X-API-Key"
_LISTS_SECONDS: Final = 10.0
_MOST_LISTS: Final = 8
_log = RateLimited(logging.getLogger(__name__))


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """A list of a resource. name: of its files. kind: of its rows. keys: the type of its keys, tuple[...].

    table, lines: what a row is in CSV and Parquet, where it holds more than single values. settled: it changes only as `newness` does.
    """

    name: str
    kind: type[Row]
    keys: Any
    table: type[Struct] | None = None
    lines: Callable[[Row], Iterator[Struct]] | None = None
    settled: bool = True

    def body(self, media: str, rows: Sequence[Row], fields: str | None) -> bytes:
        """Rows in a media type. Raises ParameterError."""
        if media == JSON:
            return json_of(rows, self.kind, fields)
        flat: Sequence[Struct] = rows if self.lines is None else [line for row in rows for line in self.lines(row)]
        write = csv_of if media == CSV else parquet_of
        return write(flat, self.table or self.kind, fields)


class Api:
    """What the routes of the API share."""

    def __init__(self, database: Finds, rate: RateLimit, *, fresh_seconds: float) -> None:
        self.database = database
        self.rate = rate
        self._keeper = Keeper(lambda: newness(database), oldest_seconds=min(2.0, fresh_seconds))
        self._lists = FreshFor(min(_LISTS_SECONDS, fresh_seconds), most=_MOST_LISTS)

    async def rows(
        self, request: AnyRequest, asking: type[L], listing: Listing[Row], read: Callable[[L, Slice], Page[Row]]
    ) -> Response[Any]:
        """Answer with a page of a list. read: runs in a thread."""
        return await self.answered(request, lambda: self._page(request, asking, listing, read))

    async def one(self, request: AnyRequest, asking: type[A], read: Callable[[A], Struct]) -> Response[Any]:
        """Answer with one object, made anew. read: runs in a thread."""

        async def work() -> Response[Any]:
            asked = parsed(request.query_params.multi_items(), asking)
            found = await asyncio.to_thread(read, asked)
            return Response(msgspec_json.encode(found), media_type=JSON, headers={"Cache-Control": "no-store"})

        return await self.answered(request, work)

    async def answered(self, request: AnyRequest, work: Callable[[], Awaitable[Response[Any]]]) -> Response[Any]:
        """Turn what is foreseeable into a problem, and tell the client of its limit."""
        try:
            response = await work()
        except RefusedError as refused:
            response = problem(refused.status, str(refused), retry_after=refused.retry_after)
        except UsageError as error:
            response = problem(422, str(error), parameter=getattr(error, "name", None))
        except ServerError as error:
            _log.say(logging.WARNING, "away", f"{request.url.path} cannot be answered: {error}")
            response = problem(503, "The database does not answer: try again.")
        response.headers.update(self.rate.headers(request.state.get("left")))
        request.state["status"] = response.status_code or 200
        return response

    async def _page(
        self, request: AnyRequest, asking: type[L], listing: Listing[Row], read: Callable[[L, Slice], Page[Row]]
    ) -> Response[Any]:
        query = list(request.query_params.multi_items())
        asked = parsed(query, asking)
        form = given(asked.format)
        media = OF_FORMAT[form] if form else preferred(request.headers.get("accept", ""), (JSON, CSV, PARQUET))
        if media is None:
            raise RefusedError(406, f"There is {JSON}, {CSV} and {PARQUET}: name one of them in Accept.")
        wanted = slice_of(asked, listing.keys)

        def make() -> Made:
            page = read(asked, wanted)
            return Made(listing.body(media, page.rows, given(asked.fields)), cursor_of(page.after))

        key = request.url.path, media, tuple(sorted(query)), None if listing.settled else int(time.monotonic())
        kept = await self._keeper.get(key, make)
        return await _given(request, kept, media, _file_headers(listing.name, media) | _link(request.url.path, query, kept.cursor))

    def list_of(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """A whole list of which pages are cut: kept for some seconds while nothing new is written, for the pages that follow."""
        return self._lists.get((self._keeper.newness, *key), make)


async def _given(request: AnyRequest, kept: Kept, media: str, headers: dict[str, str]) -> Response[Any]:
    """An answer in the coding that the client likes best, or 304 where it has it already."""
    coding = None
    if kept.packable and media != PARQUET:
        coding = preferred_coding(request.headers.get("accept-encoding", ""))
    tag = f'"{kept.tag}{f"-{coding}" if coding else ""}"'
    headers |= {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": VARY}
    if kept.tag in tags_of(request.headers.get("if-none-match", "")):
        return Response(None, status_code=304, headers=headers, media_type=media)
    if coding:
        headers["Content-Encoding"] = coding
    return Response(await kept.body(coding), media_type=media, headers=headers)


def preferred_coding(accepted: str) -> str | None:
    """The content coding to use for a header Accept-Encoding; None: none."""
    if not accepted:
        return None
    # The grammar is that of Accept, with codings for media types.
    return preferred(accepted.replace("*", "*/*"), CODINGS)


def tags_of(header: str) -> set[str]:
    """The answers that a header If-None-Match names, whatever their coding."""
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")[:50])
    return {tag.partition("-")[0] for tag in tags}


def _link(path: str, query: Iterable[tuple[str, str]], cursor: str | None) -> dict[str, str]:
    if cursor is None:
        return {}
    following = [(name, value) for name, value in query if name != "cursor"]
    return {"Link": f'<{path}?{urlencode([*following, ("cursor", cursor)])}>; rel="next"'}


def _file_headers(name: str, media: str) -> dict[str, str]:
    if media == JSON:
        return {}
    return {"Content-Disposition": f'attachment; filename="{name}.{"csv" if media == CSV else "parquet"}"'}
