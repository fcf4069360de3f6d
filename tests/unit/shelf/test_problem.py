"""Gains and losses of one facing are the differences of the objective, labour included."""

import numpy as np
import pytest

from online_model.shelf import greedy, program
from online_model.shelf.problem import Problem


def problem_of(seed, *, equal=False):
    rng = np.random.default_rng(seed)
    n = 8
    return Problem(
        value=rng.uniform(0, 5, n),
        beta=rng.uniform(0.1, 0.4, n),
        width=np.full(n, 2.0) if equal else rng.uniform(1, 5, n),
        low=rng.integers(0, 2, n),
        high=rng.integers(5, 9, n),
        capacity=70.0,
        category=np.full(n, -1),
        category_low=np.zeros(0),
        category_high=np.zeros(0),
        current=rng.integers(0, 9, n),
        labour=0.2,
    )


@pytest.mark.parametrize("seed", range(5))
def test_gain_and_loss_are_differences_of_the_objective(seed):
    problem = problem_of(seed)
    facings = np.random.default_rng(seed + 100).integers(1, 6, 8)
    now = problem.objective(facings)
    for i in range(8):
        one = np.eye(8, dtype=int)[i]
        assert problem.gain(facings)[i] == pytest.approx(problem.objective(facings + one) - now)
        assert problem.loss(facings)[i] == pytest.approx(now - problem.objective(facings - one))


@pytest.mark.parametrize("seed", range(20))
def test_with_labour_greedy_is_exact_for_equal_widths_and_bounded_otherwise(seed):
    equal = problem_of(seed, equal=True)
    best, _ = program.solve(equal)
    assert equal.objective(greedy.solve(equal)) == pytest.approx(equal.objective(best), abs=1e-7)
    problem = problem_of(seed)
    fast = greedy.solve(problem)
    best, bound = program.solve(problem)
    assert problem.objective(fast) <= problem.objective(best) + 1e-9
    assert problem.objective(best) <= bound + 1e-7
    assert bound <= greedy.upper_bound(problem, fast) + 1e-9
