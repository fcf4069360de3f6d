"""State to bytes and back."""

import tracemalloc

import numpy as np
import pytest

from streams.contract.errors import SnapshotError
from streams.processor import state
from streams.processor.migrations import FORMAT
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import PARTITIONS, log_of, sale
from tests.unit.streams.test_heart import a_week


def test_arrays_come_back_with_type_shape_and_bytes():
    for array in (np.arange(6.0).reshape(2, 3), np.array([], np.int64), np.array([True, False]), np.float16([1.5, np.nan])):
        back = state.from_bytes(state.to_bytes({"a": array}))["a"]
        assert back.dtype == array.dtype
        assert back.shape == array.shape
        assert back.tobytes() == array.tobytes()
        assert back.flags.writeable


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-1], lambda d: d[:40] + bytes([d[40] ^ 1]) + d[41:], lambda d: b"", lambda d: b"\x80\x04" + d]
)
def test_a_damaged_snapshot_is_refused(damage):
    data = state.to_bytes({"a": np.arange(100), "b": "text"})
    with pytest.raises(SnapshotError):
        state.from_bytes(damage(data))


@pytest.mark.parametrize(("version", "words"), [(FORMAT + 1, "of a newer release"), (0, "format 0"), (1, "its state has another layout")])
def test_what_is_of_no_format_that_is_known_is_refused(version, words):
    data = state.to_bytes({"a": 1})
    with pytest.raises(SnapshotError, match=words):
        state.from_bytes(data[:9] + version.to_bytes(2, "big") + data[11:])


def test_an_array_of_objects_is_not_taken():
    with pytest.raises(SnapshotError, match="type 'O'"):
        state.from_bytes(state.to_bytes({"a": np.array([None])}))


def test_a_heart_goes_on_from_its_dump_as_if_nothing_had_happened():
    log = log_of(*a_week(40))
    straight, stopped = Processor(Rules(), 1, PARTITIONS), Processor(Rules(), 1, PARTITIONS)
    whole = straight.apply(log)
    pieces = []
    for i in range(0, len(log), 7):
        pieces += stopped.apply(log[i : i + 7]).forecasts
        stopped = Processor.load(stopped.dump(), Rules(), 1, PARTITIONS)
    assert pieces == whole.forecasts
    assert stopped.dump() == straight.dump()


def test_a_snapshot_of_other_rules_or_another_partition_is_refused():
    processor = Processor(Rules(), 1, PARTITIONS)
    processor.apply(log_of(sale()))
    data = processor.dump()
    with pytest.raises(SnapshotError, match="rules"):
        Processor.load(data, Rules(timezone="Asia/Tokyo"), 1, PARTITIONS)
    with pytest.raises(SnapshotError, match="partition"):
        Processor.load(data, Rules(), 2, PARTITIONS)


def test_a_state_is_not_copied_more_than_it_must_be():
    """The bytes, room to grow in, and one array at a time: of a large state every further copy counts."""
    large = {f"a{i}": np.zeros(2_000_000, np.float32) for i in range(5)}
    tracemalloc.start()
    data = state.to_bytes(large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.8 * len(data)
