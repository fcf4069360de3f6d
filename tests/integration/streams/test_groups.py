"""Workers come and go, one stands still past its session and wakes: the output is that of an undisturbed run."""

import os
import signal
import threading
import time

import pytest

from tests.servers.reading import caught_up, committed
from tests.servers.traffic import publish, traffic, truth_of
from tests.servers.verdict import check_against_undisturbed


def test_two_three_five_workers_then_one(kafka, workers):
    log = traffic(8000, seed=21)
    sending = threading.Thread(target=publish, args=(kafka.settings, log.messages, 500))
    sending.start()
    running = []
    for more in (1, 1, 1, 2):
        fresh = [workers.start() for _ in range(more)]
        for child in fresh:
            workers.ready(child)
        running += fresh
        time.sleep(2)
    assert [child.poll() for child in running] == [None] * 5, workers.said()[-3000:]
    for child in running[:3]:
        workers.stop(child)
    running[3].kill()
    sending.join()
    caught_up(kafka.settings, workers.group, 60, running[4])
    workers.stop(running[4])
    check_against_undisturbed(kafka, workers, truth_of(log.messages))


@pytest.mark.parametrize("step", ["before-outputs", "after-snapshot"])
def test_what_a_woken_worker_still_does_changes_nothing(kafka, workers, step):
    log = traffic(6000, seed=22)
    half = len(log.messages) // 2
    publish(kafka.settings, log.messages[:half])
    zombie = workers.start(step, 2, TEST_SIGNAL="SIGSTOP")
    os.waitid(os.P_PID, zombie.pid, os.WSTOPPED | os.WNOWAIT)
    heir = workers.start()
    caught_up(kafka.settings, workers.group, 60, heir)
    before = committed(kafka.settings, workers.group)
    zombie.send_signal(signal.SIGCONT)
    time.sleep(3)
    assert zombie.poll() is None, workers.said()[-3000:]
    assert committed(kafka.settings, workers.group) == before, "the zombie moved a commit"
    publish(kafka.settings, log.messages[half:])
    caught_up(kafka.settings, workers.group, 60, heir)
    for child in (zombie, heir):
        workers.stop(child)
    assert "it is no longer ours" in workers.said()
    assert check_against_undisturbed(kafka, workers, truth_of(log.messages)) > 0
