"""kill -9 of the worker, at every step of a checkpoint and at random moments: the output is that of an undisturbed run."""

import random
import time

import pytest

from tests.servers.reading import caught_up
from tests.servers.traffic import publish, traffic, truth_of
from tests.servers.verdict import check_against_undisturbed
from tests.servers.worker_child import STEPS


def test_killed_at_every_step_of_a_checkpoint(kafka, workers):
    log = traffic(4000, seed=3)
    share = len(log.messages) // (len(STEPS) + 1)
    for number, step in enumerate(STEPS):
        publish(kafka.settings, log.messages[number * share : (number + 1) * share])
        child = workers.start(step, 3)
        assert child.wait(60) == -9, workers.said()[-3000:]
    publish(kafka.settings, log.messages[len(STEPS) * share :])
    last = workers.start()
    caught_up(kafka.settings, workers.group, 60, last)
    workers.stop(last)
    repeats = check_against_undisturbed(kafka, workers, truth_of(log.messages))
    assert repeats > 0, "no kill made a worker write anything again: the test tested nothing"


def test_no_commit_overtakes_the_outputs_it_stands_for(kafka, workers):
    """The outputs wait in the process until the checkpoint asks for them; killed after the commit they must be in Kafka."""
    log = traffic(4000, seed=4)
    half = len(log.messages) // 2
    publish(kafka.settings, log.messages[:half])
    child = workers.start("after-commit", 3, TEST_LINGER_MS="60000")
    assert child.wait(60) == -9, workers.said()[-3000:]
    publish(kafka.settings, log.messages[half:])
    last = workers.start()
    caught_up(kafka.settings, workers.group, 60, last)
    workers.stop(last)
    check_against_undisturbed(kafka, workers, truth_of(log.messages))


def killed_at_random_moments(kafka, workers, rounds, log, seed):
    rng = random.Random(seed)
    share = -(-len(log.messages) // (rounds + 1))
    for number in range(rounds):
        publish(kafka.settings, log.messages[number * share : (number + 1) * share])
        child = workers.start()
        time.sleep(rng.uniform(1.5, 6.0))
        child.kill()
        assert child.wait() == -9
    publish(kafka.settings, log.messages[rounds * share :])
    last = workers.start()
    seconds = caught_up(kafka.settings, workers.group, 120, last)
    workers.stop(last)
    return seconds


def test_killed_at_random_moments(kafka, workers, kill_rounds):
    log = traffic(2500 * kill_rounds, seed=kill_rounds)
    killed_at_random_moments(kafka, workers, kill_rounds, log, seed=5)
    check_against_undisturbed(kafka, workers, truth_of(log.messages))


@pytest.mark.kill
@pytest.mark.timeout(1800)
def test_killed_at_random_moments_of_100_000_events(kafka, workers, kill_rounds):
    log = traffic(100_000, seed=kill_rounds, days=20)
    killed_at_random_moments(kafka, workers, kill_rounds, log, seed=7)
    check_against_undisturbed(kafka, workers, truth_of(log.messages))
