"""What must hold of any log: no exception, one fate for each event, bounded work and output, a state that goes on as it was."""

from streams.contract.codec import decode_accepted, decode_output
from streams.processor.outputs import Outputs
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from streams.processor.silence import QUIET_DAYS
from tests.fuzz.events import STEPS, log
from tests.unit.streams.logs import PARTITIONS, Record

RULES = Rules(dedupe_window=1000, timezone="Europe/Berlin", country="DE", max_items=1000)
MESSAGE_BYTES = 6000
"""More than any forecast of an item, any item of a score or plan and any name takes."""
FORECAST_DAYS = 16
"""Days of a silence that are forecast, and one."""


def check(data: bytes, *, reload: bool = True, steps: tuple[int, ...] = STEPS) -> Processor:
    """Run the log that some bytes stand for; the processor afterwards. Raises AssertionError, or whatever the processor raises.

    reload: also go on from a dump made somewhere in the log, which takes as long again.
    """
    records = log(data, steps)
    cut = data[0] % (len(records) + 1) if data else 0
    processor = Processor(RULES, 1, PARTITIONS)
    outs = [_step(processor, record) for record in records[:cut]]
    loaded = Processor.load(processor.dump(), RULES, 1, PARTITIONS) if reload else None
    outs += [_step(processor, record) for record in records[cut:]]
    if loaded is not None:
        again = loaded.apply(records[cut:])
        assert again.accepted == [message for out in outs[cut:] for message in out.accepted]
        assert again.forecasts == [message for out in outs[cut:] for message in out.forecasts]
        assert loaded.dump() == processor.dump()
    numbers = [decode_accepted(value).seq for out in outs for _, value in out.accepted]
    assert numbers == list(range(1, processor.seq + 1))
    return processor


def _step(processor: Processor, record: Record) -> Outputs:
    before, open_days = dict(processor.counts), sum(len(store.days) for store in processor._stores.values())
    out = processor.apply([record])
    grew = {name: n - before.get(name, 0) for name, n in processor.counts.items()}
    fates = len(out.accepted) + len(out.rejected) + sum(grew.get(name, 0) for name in ("duplicates", "ticks", "plans"))
    assert fates == 1
    closed = grew.get("days", 0)
    assert closed <= (QUIET_DAYS + 1) * (open_days + 1), f"{closed} days closed by one event"
    told = sum(len(store.openings) for store in processor._stores.values())
    forecast = closed if told else min(closed, FORECAST_DAYS * (open_days + 1))
    for _, value in out.forecasts:
        decode_output(value)  # raises where a number is none: NaN is written as null, and consumers pass such a message over
    size = sum(len(value) for _, value in (*out.accepted, *out.forecasts))
    assert size <= MESSAGE_BYTES * (processor.series + 4) * (1 + 4 * forecast) + 3 * len(record.value or b""), f"{size} bytes out"
    return out
