"""The whole system in one thread under seeded faults; `make simulate` runs many more seeds. See `tests.simulation`."""

import os

import pytest

from tests.simulation.world import BREAKS, simulate

SEEDS = int(os.environ.get("SHELFCAST_CASES", "1")) * 30

FOUND_BY = {
    "ids": 0,
    "acknowledgement": 7,
    "delivery": 0,
    "snapshot": 1,
    "fencing": 13,
    "guard": 42,
    "sequence": 2,
    "progress": 9,
}
"""Without the mechanism, this seed is violated."""


@pytest.mark.parametrize("part", range(3))
def test_no_fault_loses_or_repeats_anything(part):
    for seed in range(part, SEEDS, 3):
        violated, world = simulate(seed)
        assert violated is None, f"{violated}\nReplay: python -m tests.simulation --seed {seed}"
        assert world.loop.steps > 50


@pytest.mark.parametrize("seed", [1079])
def test_a_note_does_not_take_back_a_commit_whose_answer_was_lost(seed):
    assert simulate(seed)[0] is None


def test_the_faults_happen():
    told = "\n".join(line for seed in range(100, 105) for line in simulate(seed)[1].history)
    for fault in (
        "killed",
        "stop a consumer",
        "take the database away",
        "lose a commit",
        "retention cuts",
        "lose an answer",
        "kill the gateway",
    ):
        assert fault in told


@pytest.mark.parametrize("broken", BREAKS)
def test_a_mechanism_that_is_left_out_is_missed(broken):
    violated, _ = simulate(FOUND_BY[broken], broken)
    assert violated is not None, f"nobody missed it: {BREAKS[broken]}"


def test_a_seed_gives_the_same_schedule_again():
    assert simulate(13)[1].history == simulate(13)[1].history
