"""One contender in a process of its own: python -m tests.bench.contenders NAME BOOTSTRAP GROUP EVENTS. Prints events/s.

The clock runs from the first record read to the last output delivered: joining a group is not what is compared.
"""

import asyncio
import sys
import time
from typing import Any

from confluent_kafka import Consumer, Producer

from tests.bench import job

OUT = "bench.out"


def bare_loop(bootstrap: str, group: str, events: int) -> float:
    """A loop around confluent-kafka: nothing but the job."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False})
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000}
    )
    consumer.subscribe(["sales.events"])
    learner, done, started = job.model(), 0, 0.0
    while done < events:
        messages = consumer.consume(4000, 1.0)
        if messages and not started:
            started = time.perf_counter()
        for message in messages:
            key, value = job.step(learner, message.value())
            producer.produce(OUT, value, key)
            done += 1
        producer.poll(0)
    producer.flush()
    seconds = time.perf_counter() - started
    consumer.close()
    return events / seconds


def bytewax(bootstrap: str, group: str, events: int) -> float:
    """The same job as a bytewax dataflow with its own Kafka connectors."""
    from bytewax import operators as op
    from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
    from bytewax.dataflow import Dataflow
    from bytewax.testing import run_main

    learner, marks = job.model(), [0.0]

    def work(message: Any) -> Any:
        if not marks[0]:
            marks[0] = time.perf_counter()
        key, value = job.step(learner, message.value)
        return KafkaSinkMessage(key, value)

    flow = Dataflow("bench")
    source = KafkaSource([bootstrap], ["sales.events"], tail=False, batch_size=4000)
    stream = op.map("job", op.input("in", flow, source), work)
    op.output(
        "out",
        stream,
        KafkaSink([bootstrap], OUT, {"linger.ms": "20", "compression.type": "lz4", "queue.buffering.max.messages": "1000000"}),
    )
    run_main(flow)
    return events / (time.perf_counter() - marks[0])


def quix(bootstrap: str, group: str, events: int) -> float:
    """The same job as a Quix Streams application; at least once, as its users run it."""
    from quixstreams import Application

    learner, marks = job.model(), [0.0]
    app = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        producer_extra_config={"linger.ms": 20, "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000},
        loglevel="ERROR",
    )
    source = app.topic("sales.events", key_deserializer="bytes", value_deserializer="bytes")
    out = app.topic(OUT, key_serializer="bytes", value_serializer="bytes")

    def work(raw: bytes) -> bytes:
        if not marks[0]:
            marks[0] = time.perf_counter()
        return job.step(learner, raw)[1]

    app.dataframe(source).apply(work).to_topic(out)
    app.run(count=events)
    return events / (time.perf_counter() - marks[0])


def faust(bootstrap: str, group: str, events: int) -> float:
    """The same job as an agent that takes one event after the other, as Faust's documentation teaches."""
    import faust as framework

    learner, marks = job.model(), [0.0]
    app = framework.App(
        group,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        value_serializer="raw",
        consumer_auto_offset_reset="earliest",
        producer_compression_type="lz4",
        topic_disable_leader=True,
        web_enabled=False,
    )
    source = app.topic("sales.events", key_type=bytes, value_type=bytes)
    out = app.topic(OUT, key_type=bytes, value_type=bytes)
    over = asyncio.Event()

    @app.agent(source)  # type: ignore[untyped-decorator]
    async def work(stream: Any) -> None:
        done = 0
        async for raw in stream:
            if not marks[0]:
                marks[0] = time.perf_counter()
            key, value = job.step(learner, raw)
            await out.send(key=key, value=value)
            done += 1
            if done == events:
                await app.producer.flush()
                over.set()

    async def main() -> float:
        await app.start()
        await over.wait()
        seconds = time.perf_counter() - marks[0]
        await app.stop()
        return events / seconds

    return app.loop.run_until_complete(main())  # type: ignore[no-any-return]


def shelfcast(bootstrap: str, group: str, events: int) -> float:
    """The same job in the worker's road: Faust, the chunk transport, the outbox; the job in place of the processor."""
    import uvloop

    from streams.contract.settings import KafkaSettings, WorkerSettings
    from streams.processor.outputs import Outputs
    from streams.processor.quarantine import Quarantine
    from streams.runtime.partitions import Partitions
    from streams.runtime.worker import Worker

    learner, marks = job.model(), [0.0]

    class MinimalProcessor:
        def __init__(self, partition: int) -> None:
            self.partition, self.next_offset, self.counts, self.whole, self.quarantine = partition, 0, {}, True, Quarantine()

        @property
        def progress(self) -> tuple[int, int]:
            return self.next_offset, 0

        def apply(self, records: Any) -> Outputs:
            if not marks[0]:
                marks[0] = time.perf_counter()
            out = Outputs()
            emit = out.forecasts.append
            for record in records:
                emit(job.step(learner, record.value))
            self.next_offset = records[-1].offset + 1
            return out

        def dump(self) -> bytes:
            return self.next_offset.to_bytes(8, "big")

        def kept_countries(self) -> dict[str, Any]:
            return {}

    class MinimalPartitions(Partitions):
        def _load(self, partition: int, committed: Any) -> Any:
            return MinimalProcessor(partition)

    async def main() -> float:
        settings = WorkerSettings.read({}, group=group, metrics_port=0, checkpoint_seconds=10.0)
        worker = Worker(KafkaSettings.read({}, bootstrap_servers=bootstrap), settings, partitions_type=MinimalPartitions)
        worker.metrics.read = lambda processors: None
        task = asyncio.create_task(worker.run())
        while not task.done():
            await asyncio.sleep(0.01)
            if hasattr(worker, "partitions") and sum(h.processor.next_offset for h in worker.partitions.held.values()) >= events:
                await asyncio.get_running_loop().run_in_executor(None, worker.partitions.outbox.wait)
                break
        seconds = time.perf_counter() - marks[0]
        worker.stop()
        await task
        return events / seconds

    return uvloop.run(main())


def whole(bootstrap: str, group: str, events: int) -> float:
    """The worker's whole job: checks, dedupe, exact money, both levels of learning, silver, forecasts, snapshots."""
    import uvloop

    from streams.contract.settings import KafkaSettings, WorkerSettings
    from streams.processor.processor import Processor
    from streams.runtime.partitions import Partitions
    from streams.runtime.worker import Worker

    marks = [0.0]

    class TimedPartitions(Partitions):
        async def take(self, partition: int, run: Any) -> None:
            if not marks[0]:
                marks[0] = time.perf_counter()
            await super().take(partition, run)

        def _load(self, partition: int, committed: Any) -> Processor:
            return Processor(self.rules, partition, self.partitions)  # the snapshots of the turn before would leave nothing to do

    async def main() -> float:
        settings = WorkerSettings.read({}, group=group, metrics_port=0, checkpoint_seconds=2.0)
        worker = Worker(KafkaSettings.read({}, bootstrap_servers=bootstrap), settings, partitions_type=TimedPartitions)
        task = asyncio.create_task(worker.run())
        while not task.done():
            await asyncio.sleep(0.01)
            if hasattr(worker, "partitions") and sum(h.processor.next_offset for h in worker.partitions.held.values()) >= events:
                for partition in list(worker.partitions.held):
                    await worker.partitions.checkpoint(partition)
                break
        seconds = time.perf_counter() - marks[0]
        worker.stop()
        await task
        return events / seconds

    return uvloop.run(main())


CONTENDERS = {"bare_loop": bare_loop, "bytewax": bytewax, "quix": quix, "faust": faust, "shelfcast": shelfcast, "whole": whole}

if __name__ == "__main__":
    name, bootstrap, group, events = sys.argv[1:]
    print(f"{CONTENDERS[name](bootstrap, group, int(events)):.1f}")
