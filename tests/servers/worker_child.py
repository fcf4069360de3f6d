"""A worker for tests: python -m tests.servers.worker_child BROKER [STEP N]; settings come from the environment.

With a STEP it kills itself, as by kill -9 (or by TEST_SIGNAL), at that step of its Nth checkpoint: `before-outputs`,
`after-outputs`, `after-snapshot`, `after-commit`. With `stuck` it takes events and does nothing with them; with
`lost` it never gets its partitions. With TEST_LINGER_MS its outputs wait that long in the process, unless asked for.

With TEST_FAULT `raise`, `kill`, `exit` or `hang` it does that at every sale whose event id stands in TEST_FAULT_AT, half way through.
"""

import asyncio
import logging
import os
import signal
import sys

import streams.runtime.outbox
import streams.runtime.worker
from deploy.commands.worker import run_loop
from streams.contract.settings import KafkaSettings, WorkerSettings
from streams.kafka.quiet_log import limit_repeats
from streams.processor.processor import Processor
from streams.runtime.partitions import Partitions

STEPS = ("before-outputs", "after-outputs", "after-snapshot", "after-commit")


class Dying(Partitions):
    """Dies at a step of a checkpoint."""

    step = ""
    left = 1

    def _at(self, step: str) -> None:
        if step == self.step:
            Dying.left -= 1
            if Dying.left == 0:
                os.kill(os.getpid(), signal.Signals[os.environ.get("TEST_SIGNAL", "SIGKILL")])

    async def _deliver(self) -> None:
        self._at("before-outputs")
        await super()._deliver()
        self._at("after-outputs")

    async def _snapshot(self, partition, data, next_offset):
        metadata = await super()._snapshot(partition, data, next_offset)
        self._at("after-snapshot")
        return metadata

    async def _commit(self, partition, next_offset, metadata):
        done = await super()._commit(partition, next_offset, metadata)
        self._at("after-commit")
        return done


class Stuck(Partitions):
    """Takes events and never applies one, as a Faust whose stream stands still."""

    async def take(self, partition, run):
        await asyncio.sleep(3600)


class Lost(Partitions):
    """Waits for its partitions for ever, as a Faust whose rebalance hangs."""

    async def recover(self, assigned):
        await asyncio.sleep(3600)


def plant(kind, event_ids) -> None:
    """Let a fault wait in the middle of some sales: they are published and counted by then, and the model has not learned."""
    learn = Processor._learn

    def faulty(self, sale, *rest):
        if sale.event_id in event_ids:
            if kind == "raise":
                raise ZeroDivisionError(f"planted at {sale.event_id}")
            if kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if kind == "exit":
                os._exit(1)
            while kind == "hang":
                pass
        learn(self, sale, *rest)

    Processor._learn = faulty


def main() -> None:
    broker, *rest = sys.argv[1:]
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("faust", "mode", "aiokafka", "kafka"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    limit_repeats("aiokafka", "faust", "mode")
    streams.runtime.worker.SESSION_SECONDS = float(os.environ.get("TEST_SESSION_SECONDS", "10"))
    streams.runtime.outbox.LINGER_MS = int(os.environ.get("TEST_LINGER_MS", "5"))
    if "TEST_FAULT" in os.environ:
        plant(os.environ["TEST_FAULT"], set(os.environ["TEST_FAULT_AT"].split()))
    kind = Partitions
    if rest and rest[0] in ("stuck", "lost"):
        kind = {"stuck": Stuck, "lost": Lost}[rest[0]]
    elif rest:
        kind, Dying.step, Dying.left = Dying, rest[0], int(rest[1])
        assert Dying.step in STEPS
    if kind is not Partitions:
        original = streams.runtime.worker.Worker.__init__

        def init(self, kafka, settings, registry=None, partitions_type=kind):
            original(self, kafka, settings, registry, partitions_type)

        streams.runtime.worker.Worker.__init__ = init
    run_loop(KafkaSettings(broker), WorkerSettings.read())


if __name__ == "__main__":
    main()
