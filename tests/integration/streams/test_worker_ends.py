"""How a worker ends: stuck, by SIGTERM under load, and what a clock that jumps does to it (nothing)."""

import time

from streams.contract.topics import EVENTS
from streams.processor.processor import Processor
from streams.runtime.rules_of import rules_of
from tests.servers.reading import caught_up, check_outputs, committed, ends, read
from tests.servers.traffic import publish, traffic, truth_of
from tests.servers.verdict import check_against_undisturbed


def test_a_worker_that_stands_still_ends_and_says_so(kafka, workers):
    publish(kafka.settings, traffic(500).messages)
    child = workers.start("stuck", SHELFCAST_STALL_SECONDS="5")
    assert child.wait(60) == 5, workers.said()[-3000:]
    assert "events waiting and none was taken for 5 s" in workers.said()


def test_a_worker_that_never_gets_its_partitions_ends_and_says_so(kafka, workers):
    publish(kafka.settings, traffic(500).messages)
    child = workers.start("lost", SHELFCAST_STALL_SECONDS="5")
    assert child.wait(60) == 5, workers.said()[-3000:]
    assert "the group has not given this worker its partitions for 5 s" in workers.said()


def test_an_idle_worker_does_not_end(kafka, workers):
    log = traffic(500)
    publish(kafka.settings, log.messages)
    children = [workers.start(SHELFCAST_STALL_SECONDS="5") for _ in range(5)]  # one has no partition
    caught_up(kafka.settings, workers.group, 60)
    time.sleep(11)  # twice the time after which one that waited for events would end
    assert [child.poll() for child in children] == [None] * 5, workers.said()[-3000:]


def test_terminated_under_load_it_drains_and_commits(kafka, workers):
    log = traffic(25_000, seed=41)
    publish(kafka.settings, log.messages)
    never = {"SHELFCAST_CHECKPOINT_SECONDS": "600", "SHELFCAST_CHECKPOINT_EVENTS": "1000000"}
    child = workers.start(**never, TEST_SESSION_SECONDS="30")  # a slow machine must not lose its partitions meanwhile
    until = time.monotonic() + 60
    while not sum(ends(kafka.settings, "sales.accepted")) and time.monotonic() < until:
        time.sleep(0.1)
    seconds = workers.stop(child)
    assert seconds < 10
    done = sum(max(place.offset, 0) for place in committed(kafka.settings, workers.group))
    print(f"\nterminated after {done} of {len(log.messages)} events: ended in {seconds:.1f} s")
    assert done < len(log.messages), "it was not under load"
    assert done > 0, "it committed nothing of what it had taken"
    last = workers.start()
    caught_up(kafka.settings, workers.group, 120, last)
    workers.stop(last)
    assert check_against_undisturbed(kafka, workers, truth_of(log.messages)) == 0, "it had not committed all it had written"


def test_a_clock_that_jumps_a_day_changes_nothing(kafka, workers):
    """Half the sales are written by a broker or till whose clock is a day ahead or behind; ticks carry the clock they are written by."""
    day = 86_400_000
    log = traffic(3000, seed=42).messages
    jumps = [0 if b"clock-ticked" in raw else day * (number // 200 % 3 - 1) for number, (_, _, raw) in enumerate(log)]
    publish(kafka.settings, [(at + jump, key, raw) for jump, (at, key, raw) in zip(jumps, log, strict=True)])
    child = workers.start()
    caught_up(kafka.settings, workers.group, 60, child)
    workers.stop(child)
    straight = {key: [] for key in {(key, raw) for _, key, raw in log}}
    for at, key, raw in log:
        straight[key, raw].append(at)
    for partition in range(4):
        processor = Processor(rules_of(workers.settings), partition, 4)
        records = [
            message._replace(timestamp=straight[message.key, message.value].pop(0)) for message in read(kafka.settings, EVENTS, partition)
        ]
        check_outputs(kafka.settings, partition, processor.apply(records))
