"""What must hold after every step: nothing lost, nothing twice, nothing ahead of what it stands for, and the undisturbed run's bytes."""

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.sink import Record
from consumers.statistics.fold import Key, applied, by_item, by_store, empty, id_of
from streams.contract import documents as names
from streams.contract.codec import decode_accepted
from streams.contract.errors import SnapshotError
from streams.contract.messages import SaleAccepted
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS, REJECTED, SNAPSHOTS
from streams.kafka.ends import LogEnds
from streams.processor.letters import letter_of
from streams.processor.processor import Processor
from streams.runtime import bookmarks
from tests.simulation.broker import PARTITIONS, Message
from tests.simulation.worker import RULES, Nothing, SimulatedSnapshots
from tests.support.fakes import MemoryDocuments

if TYPE_CHECKING:
    from tests.simulation.world import World


class Undisturbed:
    """A partition's log taken by one processor that nothing happens to, and what it gave after how many events."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.processor = Processor(RULES, partition, PARTITIONS)
        self.follower = Processor(RULES, partition, PARTITIONS)
        self.accepted: list[bytes] = []
        self.forecasts: list[bytes] = []
        self.rejected: dict[bytes, None] = {}
        self.seq_at, self.forecasts_at = [0], [0]
        self.sales: defaultdict[Key, list[SaleAccepted]] = defaultdict(list)

    def take(self, messages: list[Message]) -> list[SaleAccepted]:
        """Go on to the end of the log; the sales accepted on the way."""
        new = []
        for message in messages[self.processor.next_offset :]:
            out = self.processor.apply([message])
            self.accepted += [value for _, value in out.accepted]
            self.forecasts += [value for _, value in out.forecasts]
            self.rejected |= dict.fromkeys(letter_of(dead, self.partition).value for dead in out.rejected)
            self.seq_at.append(self.processor.seq)
            self.forecasts_at.append(len(self.forecasts))
            new += [decode_accepted(value) for _, value in out.accepted]
        for groups in (by_item(new), by_store(new)):
            for key, sales in groups.items():
                self.sales[key] += sales
        return new

    def state_at(self, offset: int, messages: list[Message]) -> bytes:
        """The state after the events before an offset."""
        if self.follower.next_offset > offset:
            self.follower = Processor(RULES, self.partition, PARTITIONS)
        self.follower.apply(messages[self.follower.next_offset : offset])
        return bytes(self.follower.dump())


class Judge:
    """Watches a world. Every breach is told to the world, which ends the run."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.runs = [Undisturbed(partition) for partition in range(PARTITIONS)]
        self._admitted = [0] * PARTITIONS
        self._forecasts: list[set[bytes]] = [set() for _ in range(PARTITIONS)]
        self._forecast_to = [0] * PARTITIONS
        self._committed: dict[int, tuple[int, str]] = {}
        self._checked: set[tuple[int, str]] = set()
        self._orders: set[str] = set()
        self._acknowledged: list[str] = []
        self._seen: dict[int, int] = {}

    def _log(self, partition: int) -> list[Message]:
        return self._world.broker.logs[EVENTS][partition].messages

    def _run(self, partition: int) -> Undisturbed:
        run = self.runs[partition]
        for sale in run.take(self._log(partition)):
            if sale.order_id is not None:
                if sale.order_id in self._orders:
                    self._world.violated(f"the sale {sale.order_id} was accepted twice")
                self._orders.add(sale.order_id)
        return run

    def acknowledged(self, orders: list[str]) -> None:
        self._acknowledged += orders

    def each_step(self) -> None:
        """The books of each processor that has moved."""
        for worker in self._world.workers:
            for partition, held in worker.partitions.held.items():
                processor = held.processor
                if not processor.whole or self._seen.get(id(processor)) == processor.next_offset:
                    continue
                self._seen[id(processor)] = processor.next_offset
                counts = processor.counts
                fates = sum(counts.get(name, 0) for name in ("duplicates", "ticks", "plans"))
                fates += processor.seq + sum(n for name, n in counts.items() if name.startswith("rejected_"))
                if fates != processor.next_offset:
                    self._world.violated(f"{worker.name}: {processor.next_offset} events had {fates} fates")
                if processor.seq != self._run(partition).seq_at[processor.next_offset]:
                    self._world.violated(f"{worker.name}: its sale {processor.seq} is another one than in an undisturbed run")

    # ------------------------------------------------------------------ what the workers write

    def stored(self, topic: str, partition: int, message: Message) -> None:
        """A message has come to a topic."""
        if topic == ACCEPTED:
            seq = decode_accepted(message.value or b"").seq
            accepted = self._run(partition).accepted
            if seq > len(accepted) or accepted[seq - 1] != message.value:
                self._world.violated(f"the accepted sale {seq} of partition {partition} differs from an undisturbed run's")
            self._admitted[partition] += seq == self._admitted[partition] + 1
        elif topic == FORECASTS:
            self._forecasts[partition].add(message.value or b"")
        elif topic == REJECTED and message.value not in self._run(partition).rejected:
            self._world.violated(f"a dead letter of partition {partition} that an undisturbed run does not have")

    def committed(self, who: str, partition: int, offset: int, metadata: str) -> None:
        """A commit was taken: everything that it stands for must be there."""
        self._world.say(None, f"the commit of {who} for partition {partition} stands at {offset}")
        before, named = self._committed.get(partition, (0, ""))
        if offset < before and self.holds(partition, named):
            self._world.violated(f"the commit of partition {partition} went back from {before} to {offset}")
        self._committed[partition] = offset, metadata
        run = self._run(partition)
        if self._admitted[partition] < run.seq_at[offset]:
            self._world.violated(
                f"partition {partition} was committed at {offset} with {run.seq_at[offset]} sales, of which the topic has "
                f"{self._admitted[partition]} without a gap"
            )
        first, end = self._forecast_to[partition], run.forecasts_at[offset]
        missing = [value for value in run.forecasts[first:end] if value not in self._forecasts[partition]]
        if missing:
            self._world.violated(f"partition {partition} was committed at {offset}, and the topic lacks {len(missing)} forecasts")
        self._forecast_to[partition] = max(first, end)
        name = bookmarks.read(metadata).id
        if self.holds(partition, metadata) and (partition, name) not in self._checked:
            self._check_snapshot(partition, offset, metadata)
            self._checked.add((partition, name))

    def forget_commit(self, partition: int) -> None:
        """Kafka has let a commit expire."""
        self._committed.pop(partition, None)

    def holds(self, partition: int, metadata: str) -> bool:
        """Whether a commit names a snapshot that was not lost with a disk."""
        place = bookmarks.read(metadata)
        return bool(place.id) and place.first >= self._world.broker.logs[SNAPSHOTS][partition].low

    def _check_snapshot(self, partition: int, offset: int, metadata: str) -> None:
        try:
            state = SimulatedSnapshots(self._world).at(partition, metadata)
        except SnapshotError as error:
            self._world.violated(f"the commit of partition {partition} at {offset} names a snapshot that is not there: {error}")
        else:
            if state != self.runs[partition].state_at(offset, self._log(partition)):
                self._world.violated(f"the state of partition {partition} at {offset} differs from an undisturbed run's")

    # ------------------------------------------------------------------ what the consumers write

    def wrote(self, collection: str, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        """A document has been written."""
        if collection in (names.ITEM_MONTHS, names.STORE_MONTHS):
            if before is not None and after["v"] < before["v"]:
                self._world.violated(f"{after['_id']} went back from offset {before['v']} to {after['v']}")
            key = after["partition"], after["store"], after.get("item", ""), after["month"]
            sales = [sale for sale in self._run(after["partition"]).sales[key] if sale.offset <= after["v"]]
            if not sales or after != applied(empty(key), sales):
                self._world.violated(f"{after['_id']} is not the sum of its sales up to offset {after['v']}")
        elif collection == names.PROGRESS:
            if before is not None and after["next_offset"] < before["next_offset"]:
                self._world.violated(f"the progress {after['_id']} went back to {after['next_offset']}")
            if after["reader"] == "statistics":
                self._check_progress(after)
        elif collection == names.FORECASTS:
            for slot in ("close", "today"):
                if before is not None and slot in before and after[slot]["offset"] < before[slot]["offset"]:
                    self._world.violated(f"the forecast {after['_id']} was replaced by an older one")

    def _check_progress(self, progress: dict[str, Any]) -> None:
        """Every sale before the progress is in its documents."""
        database = self._world.database
        for key, sales in self._run(progress["partition"]).sales.items():
            newest = max((sale.offset for sale in sales if sale.seq <= progress["seq"]), default=-1)
            document = database.held(names.ITEM_MONTHS if key[2] else names.STORE_MONTHS).get(id_of(key))
            if newest >= 0 and (document is None or document["v"] < newest):
                self._world.violated(f"the progress says sale {progress['seq']}, and {id_of(key)} lacks one of those before")

    # ------------------------------------------------------------------ the end

    def finish(self) -> None:
        """All faults are over and all processes had time: everything is as in an undisturbed run."""
        lost = [order for order in self._acknowledged if order not in self._orders]
        if lost:
            self._world.violated(f"the sales {lost} were acknowledged and are lost")
        expected = MemoryDocuments()
        sink = ForecastsSink(expected, Nothing())
        for partition in range(PARTITIONS):
            run = self._run(partition)
            if self._admitted[partition] != len(run.accepted):
                self._world.violated(f"partition {partition} has {self._admitted[partition]} of {len(run.accepted)} accepted sales")
            for key, sales in run.sales.items():
                held = self._world.database.held(names.ITEM_MONTHS if key[2] else names.STORE_MONTHS)
                if held.get(id_of(key)) != applied(empty(key), sales):
                    self._world.violated(f"{id_of(key)} is not the sum of its sales")
            sink.start(partition, LogEnds(0, len(run.forecasts)))
            if run.forecasts:
                sink.write([Record(partition, place, 0.0, value) for place, value in enumerate(run.forecasts)])
        self._compare_forecasts(expected)

    def _compare_forecasts(self, expected: MemoryDocuments) -> None:
        for collection, documents in expected.collections.items():
            if collection == names.PROGRESS:
                continue
            held = self._world.database.held(collection)
            for key, document in documents.items():
                if key not in held or not _same(held[key], document):
                    self._world.violated(f"{collection} {key} differs from an undisturbed run's")


def _same(one: Any, other: Any) -> bool:
    """Whether two documents say the same; `v` counts revisions, and sums of floats depend on the order of days."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(key == "v" or _same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other or (isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-9))
