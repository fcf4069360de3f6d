"""The routes of the older API that need more than MongoDB; `shelfcast web` serves them beside its own."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from deploy.training.trainer import Job, Trainer
from producers.gateway.door import Door

ANSWER_SECONDS: Final = 25.0
"""How long a request waits for its job; then the answer says where to watch the job."""

AnyRequest = Request[Any, Any, Any]


def routes(trainer: Trainer, door: Door) -> list[Any]:
    """`POST /add-data`, `/train`, `/retrain`, `GET /jobs/{number}`."""

    @post("/add-data")
    async def add_data(request: AnyRequest) -> Response[Any]:
        return await door.add_data(request)

    @post("/train")
    async def train() -> Response[Any]:
        return await _answer(trainer.train())

    @post("/retrain")
    async def retrain() -> Response[Any]:
        return await _answer(trainer.retrain())

    @get("/jobs/{number:int}", sync_to_thread=False)
    def job(number: FromPath[int]) -> Response[Any]:
        found = trainer.job(number)
        if found is None:
            return Response({"error": f"There is no job {number}: this process has not started it, or has forgotten it."}, status_code=404)
        return Response(found.shown())

    return [add_data, train, retrain, job]


async def _answer(job: Job) -> Response[Any]:
    if job.task is not None and not job.task.done():
        await asyncio.wait([job.task], timeout=ANSWER_SECONDS)
    if job.state == "running":
        return Response(job.shown(), status_code=202, headers={"Location": f"/jobs/{job.id}"})
    if job.state == "failed":
        return Response({"error": job.message}, status_code=503, headers={"Retry-After": "30"})
    return Response({"message": job.message}, status_code=200)


def paths(add_data: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.1 descriptions of these routes; `add_data` as the gateway describes it."""

    def operation(summary: str, about: str, done: str) -> dict[str, Any]:
        answers = {
            "200": {"description": done, "content": {"application/json": {"schema": _object("message")}}},
            "202": {
                "description": "It takes longer: watch the job at Location.",
                "content": {"application/json": {"schema": _object("state")}},
            },
            "503": {
                "description": "It cannot be done now; the sentence says why.",
                "content": {"application/json": {"schema": _object("error")}},
            },
        }
        return {"post": {"summary": summary, "description": about, "responses": answers}}

    return {
        "/add-data": add_data,
        "/train": operation(
            "Rebuild the model from the log",
            "Catches up, then rebuilds every partition from the first event in a process of its own and compares it with the "
            "worker's, byte for byte. A streaming model has learned from every line already, so the rebuilt one is the same.",
            "Rebuilt, and the same.",
        ),
        "/retrain": operation(
            "Catch up with all that was posted",
            "Waits until every posted line is learned and counted, and closes the days that are over, so that /predict knows of them.",
            "Caught up.",
        ),
        "/jobs/{number}": {
            "get": {
                "summary": "Watch a job",
                "parameters": [
                    {"name": "number", "in": "path", "required": True, "description": "The job's id.", "schema": {"type": "integer"}}
                ],
                "responses": {"200": {"description": "The job."}, "404": {"description": "There is no such job."}},
            }
        },
    }


def _object(name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
