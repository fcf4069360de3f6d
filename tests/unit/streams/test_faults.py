"""An error of the program at an event: the event is put aside, and everything else is as if it had not been sent."""

from collections.abc import Iterable

import pytest

from streams.contract.errors import REASONS, EventFault, ShelfcastError
from streams.processor.outputs import Outputs
from streams.processor.processor import Processor
from streams.processor.quarantine import AGAIN, KEPT, REASON, Quarantine, deciding
from streams.processor.rules import Rules
from streams.processor.state import from_bytes
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, log_of, sale

RULES = Rules()
POISON = 61


def a_fortnight():
    return [sale(i, item=f"i{i % 3}", sold_at=MONDAY + i * DAY // 7) for i in range(100)]


def fails_at(monkeypatch, where, *numbers):
    """An error half way through the sales with these numbers: in `where` of the processor, at its `sale`."""
    original, wanted = getattr(Processor, where), {f"e{number}" for number in numbers}

    def faulty(self, sale, *rest):
        if sale.event_id in wanted:
            raise KeyError("a customer's name")
        return original(self, sale, *rest)

    monkeypatch.setattr(Processor, where, faulty)


def replayed(log, size=7, known=None) -> tuple[Processor, list[Outputs]]:
    """The log in runs, as a caller does it that can go over it again."""

    def over_the_log(decisions):
        processor = Processor(RULES, 1, PARTITIONS)
        processor.quarantine.decide(decisions.get(1, {}).items(), 0)
        return processor, [processor.apply(log[i : i + size]) for i in range(0, len(log), size)]

    return deciding(over_the_log, known)


def everything(outputs: Iterable[Outputs]):
    return [m for o in outputs for m in o.accepted], [m for o in outputs for m in o.forecasts]


def test_a_fault_is_an_error_with_its_place_and_nothing_of_the_event(monkeypatch):
    fails_at(monkeypatch, "_learn", 2)
    with pytest.raises(EventFault) as raised:
        Processor(RULES, 1, PARTITIONS).apply(log_of(sale(0), sale(1), sale(2), sale(3)))
    fault = raised.value
    assert (fault.partition, fault.offset) == (1, 2)
    assert fault.place.startswith("streams.processor.processor:")
    assert fault.place.endswith(" KeyError")
    assert "customer" not in str(fault)
    assert fault.exit_code == 6


def test_a_state_that_an_event_has_half_changed_is_neither_kept_nor_goes_on(monkeypatch):
    fails_at(monkeypatch, "_learn", 0)
    processor = Processor(RULES, 1, PARTITIONS)
    with pytest.raises(EventFault):
        processor.apply(log_of(sale(0)))
    with pytest.raises(ShelfcastError, match="middle of an event"):
        processor.dump()
    with pytest.raises(ShelfcastError, match="middle of an event"):
        processor.apply(log_of(sale(1), first=1))


def test_no_memory_says_nothing_about_the_event(monkeypatch):
    monkeypatch.setattr(Processor, "_learn", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MemoryError):
        Processor(RULES, 1, PARTITIONS).apply(log_of(sale(0)))


@pytest.mark.parametrize("where", ["_accept", "_learn"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_all_else_is_as_if_the_event_had_not_been_sent(monkeypatch, where, size):
    log = log_of(*a_fortnight())
    without = Processor(RULES, 1, PARTITIONS)
    wanted = everything([without.apply([r for r in log if r.offset != POISON])])
    fails_at(monkeypatch, where, POISON)
    processor, outputs = replayed(log, size)
    assert everything(outputs) == wanted
    (dead,) = [dead for o in outputs for dead in o.rejected]
    assert (dead.offset, dead.reason, dead.raw) == (POISON, "internal_error", log[POISON].value)
    found, expected = from_bytes(processor.dump()), from_bytes(without.dump())
    assert [offset for offset, _ in found.pop("put_aside")] == [POISON]
    assert found["counts"].pop("rejected_internal_error") == 1
    assert repr(found) == repr(expected)


def test_any_cut_of_the_log_gives_the_same_bytes(monkeypatch):
    log = log_of(*a_fortnight())
    fails_at(monkeypatch, "_learn", 5, POISON, 62, 99)
    states = {bytes(replayed(log, size)[0].dump()) for size in (1, 3, 7, 60, 100)}
    assert len(states) == 1


def test_a_state_that_is_loaded_goes_on_with_the_decisions_it_has_passed(monkeypatch):
    log = log_of(*a_fortnight())
    fails_at(monkeypatch, "_learn", POISON)
    whole = replayed(log)[0].dump()
    half, _ = replayed(log[:80])
    again = Processor.load(half.dump(), RULES, 1, PARTITIONS)
    again.quarantine.decide([(POISON, "elsewhere")], again.next_offset)  # a decision it has passed is none any more
    again.apply(log)
    assert again.dump() == whole


def test_a_program_without_the_fault_repeats_the_decision(monkeypatch):
    log = log_of(*a_fortnight())
    with monkeypatch.context() as patch:
        fails_at(patch, "_learn", POISON)
        state = replayed(log)[0].dump()
    decisions = {1: dict(from_bytes(state)["put_aside"])}
    assert replayed(log, known=decisions)[0].dump() == state
    assert replayed(log)[0].dump() != state


def test_an_event_that_is_sent_again_after_the_mend_is_accepted(monkeypatch):
    with monkeypatch.context() as patch:
        fails_at(patch, "_accept", 1)
        processor, _ = replayed(log_of(sale(0), sale(1)))
    assert len(processor.apply(log_of(sale(1), first=2)).accepted) == 1


def test_a_program_that_fails_everywhere_is_given_up(monkeypatch):
    fails_at(monkeypatch, "_learn", *range(100))
    with pytest.raises(EventFault):
        replayed(log_of(*(sale(i) for i in range(AGAIN + 5))))


def test_the_decisions_of_a_state_are_bounded():
    quarantine = Quarantine()
    quarantine.decide([(offset, "x") for offset in range(KEPT + 3)], 1)
    assert 0 not in quarantine.ahead
    for offset in range(1, KEPT + 3):
        quarantine.take(offset)
    assert len(quarantine.dump()) == KEPT
    assert quarantine.dump()[0][0] == 3


def test_the_reason_is_one_of_the_reasons():
    assert REASON in REASONS
