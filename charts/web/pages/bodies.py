"""Changes that a page sends as JSON: read with a limit, answered with a sentence."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar.response import Response

from charts.web.pages.desk import Desk
from charts.web.pages.keeping import Keeps
from charts.web.web import AnyRequest, problem
from streams.contract.errors import ServerError, UsageError


async def body_of(request: AnyRequest) -> Mapping[str, Any]:
    """The object in a request's body; empty for what is no object, or is about another store than the address.

    Rights are checked by the address.
    """
    try:
        found = msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    asked = request.query_params.get("store")
    return {} if asked and found.get("store", asked) not in (asked, "") else found | ({"asked": asked} if asked else {})


async def answered_json(request: AnyRequest, work: Callable[[], str]) -> Response[Any]:
    """Work in a thread; `work` returns what was done, as a sentence."""
    try:
        response: Response[Any] = Response({"message": await asyncio.to_thread(work)})
    except UsageError as error:
        response = problem(422, str(error))
    except ServerError as error:
        response = problem(503, str(error))
    request.state["status"] = response.status_code or 200
    return response


def stored_here(desk: Desk) -> Keeps:
    """Where decisions are kept. Raises UsageError where this process keeps none."""
    if desk.keeps is None:
        raise UsageError("This process keeps no decisions: start it with `shelfcast web`.")
    return desk.keeps
