"""What Faust keeps for each fetched run: nothing that grows."""

import asyncio
from collections.abc import Sized
from types import SimpleNamespace

from faust.types import TP

from streams.runtime.transport import ChunkApp, ChunkTransport

RECORDS = 20
"""A run has many records, and Faust sees only the offset of the last: to it every run leaves a gap."""


def new_consumer():
    app = ChunkApp("test", broker="kafka://127.0.0.1:1", store="memory://", web_enabled=False, loop=asyncio.get_running_loop())
    app.transport = ChunkTransport(app.conf.broker_consumer, app)
    app.topics._topic_name_index = SimpleNamespace(get=lambda *_: None)
    app.topics.acks_enabled_for = lambda _: True
    return app.consumer


def drain(runs, after):
    """Let Faust's own loop take so many runs of two partitions; `after(consumer, n)` follows every hundredth, and Faust's commit."""

    async def feed():
        consumer = new_consumer()  # it belongs to this event loop
        partitions = [TP("sales.events", 0), TP("sales.events", 1)]
        given = 0

        async def getmany(timeout):  # noqa: ASYNC109  Faust calls it so
            nonlocal given
            for _ in range(100):
                tp = partitions[given % 2]
                first = given // 2 * RECORDS
                records = [SimpleNamespace(offset=first + i, timestamp=0, timestamp_type=0) for i in range(RECORDS)]
                given += 1
                yield tp, consumer._run_message(tp, records)
            if given >= runs:
                consumer._stopped.set()

        async def callback(message):
            consumer.track_message(message)
            consumer.ack(message)
            if given % 100 == 0:
                await consumer.commit()
                after(consumer, given)

        consumer.getmany, consumer.callback = getmany, callback
        consumer.app.flow_control.resume()
        await consumer._drain_messages(SimpleNamespace(_stopped=consumer._stopped))
        consumer.thread.thread_loop.close()  # of a thread that never started

    asyncio.run(feed())


def kept(service):
    """How many elements each container among a service's attributes holds, and each container in those, by name."""
    found = {}
    for name, value in vars(service).items():
        inner = {f"{name}[{key}]": held for key, held in value.items()} if isinstance(value, dict) else {}
        for path, held in ({name: value} | inner).items():
            if isinstance(held, Sized) and not isinstance(held, (str, bytes)):
                found[path] = len(held)
    return found


def test_what_faust_keeps_does_not_grow_with_the_runs():
    sizes = {}

    def after(consumer, given):
        monitor = {f"monitor.{path}": size for path, size in kept(consumer.app.monitor).items()}
        sizes[given] = kept(consumer) | monitor

    drain(5_000, after)
    assert max(sizes) == 5_000, "not all runs were taken"
    grown = {path: (sizes[1_000].get(path, 0), size) for path, size in sizes[5_000].items() if size > sizes[1_000].get(path, 0)}
    assert not grown, "it grows with the runs"


def test_runs_are_fetched_again_as_soon_as_those_that_wait_are_taken():
    async def seconds():
        consumer, partition = new_consumer(), TP("sales.events", 0)
        consumer.app.flow_control.resume()
        consumer._active_partitions = {partition}
        consumer.app.partitions = SimpleNamespace(worked=0.0)
        record = SimpleNamespace(offset=0, timestamp=0, timestamp_type=0)

        async def fetched(active, timeout):  # noqa: ASYNC109  Faust calls it so
            return {tp: [record] for tp in active}

        consumer._thread.getmany = fetched
        consumer.assignment = lambda: {partition}
        consumer.on_buffer_full(partition)
        loop = asyncio.get_running_loop()
        loop.call_later(0.02, consumer.on_buffer_drop, partition)
        began = loop.time()
        runs = [tp async for tp, _ in consumer.getmany(1.0)]
        consumer.thread.thread_loop.close()
        assert runs == [partition]
        return loop.time() - began

    assert asyncio.run(seconds()) < 0.5  # Faust's own way: 1 s, and nothing fetched then
