"""A rebuild that takes longer than a request should: 202 and a job to watch, never two at once."""

import asyncio
import threading
import time

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from deploy.training import routes as room
from deploy.training.trainer import Trainer
from streams.contract.errors import ServerError


class SlowTrainer(Trainer):
    """Its rebuild lasts until it is let go; what it did is counted."""

    def __init__(self):
        super().__init__(None, None, None, None)
        self.free, self.rebuilds, self.wrong = threading.Event(), 0, None

    async def _train(self, job):
        self.rebuilds += 1
        await asyncio.to_thread(self.free.wait, 30)
        if self.wrong:
            raise self.wrong
        return "Model trained successfully!"


@pytest.fixture
def trainer():
    return SlowTrainer()


@pytest.fixture
def client(trainer, monkeypatch):
    monkeypatch.setattr(room, "ANSWER_SECONDS", 0.1)
    with TestClient(Litestar(room.routes(trainer, None), openapi_config=None)) as client:
        yield client
        trainer.free.set()


def watched(client, number):
    until = time.monotonic() + 5
    while (job := client.get(f"/jobs/{number}").json())["state"] == "running" and time.monotonic() < until:
        time.sleep(0.01)
    return job


def test_a_long_rebuild_answers_202_and_can_be_watched(client, trainer):
    answer = client.post("/train")
    assert (answer.status_code, answer.headers["Location"], answer.json()["state"]) == (202, "/jobs/1", "running")
    trainer.free.set()
    job = watched(client, 1)
    assert (job["state"], job["message"]) == ("done", "Model trained successfully!")


def test_never_two_rebuilds_at_once(client, trainer):
    first, second = client.post("/train"), client.post("/train")
    assert first.headers["Location"] == second.headers["Location"]
    trainer.free.set()
    watched(client, 1)
    assert trainer.rebuilds == 1
    done = client.post("/train")
    assert (done.status_code, done.json()) == (200, {"message": "Model trained successfully!"})
    assert trainer.rebuilds == 2


def test_a_rebuild_that_fails_says_why_and_when_to_try_again(client, trainer):
    trainer.wrong = ServerError("Kafka is away: run `shelfcast doctor`.")
    trainer.free.set()
    answer = client.post("/train")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.json() == {"error": "Kafka is away: run `shelfcast doctor`."}


def test_a_job_that_is_not_there_is_said(client):
    answer = client.get("/jobs/7")
    assert answer.status_code == 404
    assert "no job 7" in answer.json()["error"]
