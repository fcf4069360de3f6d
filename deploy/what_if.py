"""What if, asked of a running system: the store's newest snapshot is read, and the rest happens on that copy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from litestar import post
from litestar.exceptions import HTTPException
from litestar.params import FromQuery, JSONBody
from litestar.response import Response
from msgspec import structs

from online_model.shelf import ShelfSettings
from streams.contract.codec import printable
from streams.contract.errors import ServerError, SnapshotError, UsageError
from streams.contract.topics import partition_of
from streams.contract.what_if import Change, WhatIf, WhatIfAnswer, WhatIfError
from streams.http.description import KEY_REFUSALS, Described, Refusal, refusals
from streams.kafka.brokers import check_topics
from streams.processor.processor import Processor
from streams.processor.what_if import what_if
from streams.runtime.snapshots import SnapshotReader

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from charts.web.web import AnyRequest
    from streams.contract.settings import KafkaSettings

_REFUSALS: Final = {
    **KEY_REFUSALS,
    415: "The body has to be JSON.",
    422: "The request is not what the document says, or it cannot be answered: `error` says why.",
    500: "Something unforeseen went wrong; the server's log says what.",
    503: "Kafka does not answer, or has no snapshot yet.",
}


def answered(kafka: KafkaSettings, asked: WhatIf, settings: ShelfSettings) -> WhatIfAnswer:
    """The answer from the newest snapshot of the store's partition. Raises WhatIfError, ServerError."""
    partition = partition_of(asked.store, check_topics(kafka))
    data = SnapshotReader(kafka).newest(partition)
    if data is None:
        raise WhatIfError(f"store {printable(asked.store)!r}: its partition has no snapshot yet; the worker writes one every few seconds.")
    try:
        return what_if(Processor.read(data), asked, settings)
    except SnapshotError as error:
        raise ServerError(f"The snapshot cannot be used: {error}") from None


def route(kafka: KafkaSettings, settings: ShelfSettings) -> HTTPRouteHandler:
    """`POST /v1/whatif`."""
    one_at_a_time = asyncio.Semaphore(1)  # a state can take much memory

    @post(
        "/v1/whatif",
        status_code=200,
        summary="What if",
        opt={"needs": "read"},
        operation_class=Described,
        response_description="The next 28 days under both.",
        responses=refusals(_REFUSALS),
        exception_handlers={400: _misfit},
    )
    async def whatif(store: FromQuery[str], data: JSONBody[Change]) -> Response[WhatIfAnswer]:
        """The next 28 days of a store as it is and with a change, from the worker's newest snapshot; nothing that runs is touched."""
        asked = WhatIf(store=store, **structs.asdict(data))
        async with one_at_a_time:
            try:
                return Response(await asyncio.to_thread(answered, kafka, asked, settings))
            except UsageError as error:
                return _refusal(422, str(error))
            except ServerError as error:
                return _refusal(503, str(error))

    return whatif


def _misfit(_request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Says what in a request does not fit, where Litestar knows it."""
    for told in error.extra if isinstance(error.extra, list) else ():
        place = "the body" if told.get("key") in (None, "data") else told["key"]
        return _refusal(422, f"{place}: {told.get('message', error.detail)}")
    return _refusal(422, error.detail)


def _refusal(status: int, sentence: str) -> Response[Any]:
    return Response(Refusal(sentence), status_code=status, headers={"Retry-After": "10"} if status == 503 else None)
