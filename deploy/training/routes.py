"""The routes of the older API that need more than MongoDB; `shelfcast web` serves them beside its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Struct

from deploy.training.trainer import Job, JobShown, Trainer
from producers.gateway.app import add_data_route
from producers.gateway.door import Door
from streams.http.description import KEY_REFUSALS, Described, Refusal, refusals

ANSWER_SECONDS: Final = 25.0
"""How long a request waits for its job; then the answer says where to watch the job."""

_REFUSALS: Final = {
    **KEY_REFUSALS,
    415: "A body, if any, has to be JSON.",
    500: "Something unforeseen went wrong; the server's log says what.",
    503: "It cannot be done now; the sentence says why.",
}


class Done(Struct, frozen=True):
    """A job is done."""

    message: str


@dataclass
class StartsJob(Described):
    """An operation that starts a job, or joins the one of its kind that runs."""

    def __post_init__(self) -> None:
        """Tell where a job is watched."""
        super().__post_init__()
        if isinstance(running := (self.responses or {}).get("202"), OpenAPIResponse):
            running.headers = {"Location": OpenAPIHeader(schema=Schema(type=OpenAPIType.STRING), description="Where to watch the job.")}


def routes(trainer: Trainer, door: Door) -> list[HTTPRouteHandler]:
    """`POST /add-data`, `/train`, `/retrain`, `GET /jobs/{number}`."""

    @post("/train", summary="Rebuild the model from the log", response_description="Rebuilt, and the same.", **_job())
    async def train() -> Response[Done]:
        """Catch up, then rebuild every partition from the first event in a process of its own and compare it with the worker's.

        They must agree byte for byte: a streaming model has learned from every line already, so the rebuilt one is the same.
        """
        return await _answer(trainer.train())

    @post("/retrain", summary="Catch up with all that was posted", response_description="Caught up.", **_job())
    async def retrain() -> Response[Done]:
        """Wait until every posted line is learned and counted, and close the days that are over, so that /predict knows of them."""
        return await _answer(trainer.retrain())

    @get(
        "/jobs/{number:int}",
        sync_to_thread=False,
        summary="Watch a job",
        operation_class=Described,
        response_description="The job.",
        responses=refusals({**KEY_REFUSALS, 404: "This process has not started such a job, or has forgotten it."}),
    )
    def job(number: FromPath[int]) -> Response[JobShown]:
        """A job that a request started, running or ended."""
        found = trainer.job(number)
        if found is None:
            return _refusal(404, f"There is no job {number}: this process has not started it, or has forgotten it.")
        return Response(found.shown())

    return [add_data_route(door), train, retrain, job]


def _job() -> dict[str, Any]:
    running = ResponseSpec(JobShown, generate_examples=False, description="It takes longer: watch the job at Location.")
    return {"status_code": 200, "operation_class": StartsJob, "opt": {"needs": "train"}, "responses": {202: running, **refusals(_REFUSALS)}}


async def _answer(job: Job) -> Response[Any]:
    if job.task is not None and not job.task.done():
        await asyncio.wait([job.task], timeout=ANSWER_SECONDS)
    if job.state == "running":
        return Response(job.shown(), status_code=202, headers={"Location": f"/jobs/{job.id}"})
    if job.state == "failed":
        return _refusal(503, job.message, {"Retry-After": "30"})
    return Response(Done(job.message), status_code=200)


def _refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response[Any]:
    return Response(Refusal(sentence), status_code=status, headers=headers)
