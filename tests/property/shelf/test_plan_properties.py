"""Whatever the shelf: bounds hold, percentages sum to 100, the greedy equals the program, the stated gap is true."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from online_model.shelf import (
    CategoryBound,
    Demand,
    Item,
    Quantiles,
    ShelfError,
    ShelfSettings,
    arrange,
    build_shelf,
    percentages,
    plan,
    share_of_space,
)

SETTINGS = ShelfSettings(elasticity_of={"c0": 0.3, "c1": 0.1})


@st.composite
def shelves(draw, equal=None):
    n = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    same = draw(st.booleans()) if equal is None else equal
    width = np.full(n, 4.0) if same else rng.integers(2, 15, n) / draw(st.sampled_from([1.0, 1.5]))
    levels = draw(st.integers(1, 5))
    level_width = float(max(width.max(), rng.uniform(5, 80)))
    items = []
    for i in range(n):
        least = int(rng.integers(0, 3)) if rng.random() < 0.3 else 0
        items.append(
            Item(
                item=f"i{i}",
                width=float(width[i]),
                price=float(rng.uniform(0.5, 9)) if rng.random() < 0.9 else None,
                cost=float(rng.uniform(0.2, 6)) if rng.random() < 0.7 else None,
                case_size=int(rng.integers(1, 7)),
                units_per_facing=float(rng.uniform(1, 12)),
                min_facings=least,
                max_facings=int(rng.integers(max(1, least), 12)) if rng.random() < 0.7 else None,
                category=f"c{rng.integers(0, 3)}" if rng.random() < 0.8 else None,
                must_stay=bool(rng.random() < 0.2),
                group=f"g{rng.integers(0, 2)}" if rng.random() < 0.3 else None,
            )
        )
    shares = []
    if draw(st.booleans()):
        shares = [CategoryBound("c0", float(rng.uniform(0, 0.3)), float(rng.uniform(0.3, 0.8)))]
    try:
        shelf = build_shelf(level_width, levels, items, shares)
    except ShelfError:
        assume(False)
    mean = rng.gamma(0.7, 4.0, n) * (rng.random(n) < 0.9)
    day = Quantiles(mean, mean * 0.3, mean * 0.9 * (mean > 0.5), mean * 2)
    return shelf, Demand(day, None), rng


def check_bounds(shelf, result):
    f = result.facings
    assert (f >= shelf.min_facings).all()
    assert (f <= shelf.max_facings).all()
    blocks = arrange(shelf, f)
    stands = np.zeros(len(f), dtype=int)
    ends = np.zeros(shelf.levels)
    for block in blocks:
        assert block.left == pytest.approx(ends[block.level])
        ends[block.level] += block.facings * shelf.width[block.item]
        stands[block.item] += block.facings
    assert (stands == f).all(), "every facing stands somewhere"
    assert (ends <= shelf.level_width * (1 + 1e-8)).all(), "no level overflows"
    total = shelf.level_width * shelf.levels
    for c, name in enumerate(shelf.categories):
        mine = shelf.category == c
        used = float(shelf.width[mine] @ f[mine])
        widest = float(shelf.width[mine].max(initial=0))
        assert used <= shelf.max_share[c] * total + 1e-6
        least = min(shelf.min_share[c] * total, max(shelf.max_share[c] * total - widest, 0))
        assert used >= least - 1e-6 or any(f"Category {name} misses" in r for r in result.reasons)
    assert result.shelf_space_percentage.sum() == 100.0
    assert np.isfinite(result.profit_per_day).all()
    cases = result.order_units / shelf.case_size
    assert (result.order_units >= 0).all()
    assert cases == pytest.approx(np.round(cases))


@settings(max_examples=150, deadline=None)
@given(shelves())
def test_every_bound_holds_and_percentages_sum_to_100(drawn):
    shelf, demand, _ = drawn
    check_bounds(shelf, plan(shelf, demand, settings=SETTINGS))


@settings(max_examples=100, deadline=None)
@given(shelves())
def test_a_changed_plan_pays_for_its_labour_and_a_second_run_changes_nothing(drawn):
    shelf, demand, rng = drawn
    first = plan(shelf, demand, settings=SETTINGS)
    other = Demand(
        Quantiles(*(q * rng.uniform(0.5, 2, len(shelf.items)) for q in (demand.day.mean, demand.day.p10, demand.day.p50, demand.day.p90)))
    )
    second = plan(shelf, other, first.facings, SETTINGS)
    check_bounds(shelf, second)
    moved = np.abs(second.facings - first.facings).sum()
    assert second.changed == bool(moved)
    if not any("broke a limit" in r for r in second.reasons):
        assert second.gain_per_day >= moved * SETTINGS.labour_per_facing_day - 1e-9
    seen = Demand(other.day, seen_at=first.facings.astype(float))
    third = plan(shelf, seen, second.facings, SETTINGS)
    again = plan(shelf, seen, second.facings, SETTINGS)
    assert (third.facings == again.facings).all()
    assert third.reasons == again.reasons


def worth(plan):
    """What is maximised: facings of an item sold below cost earn nothing more, wherever they stand."""
    return np.maximum(plan.profit_per_day, 0).sum()


@settings(max_examples=80, deadline=None)
@given(shelves(equal=True))
def test_greedy_equals_the_program_for_equal_widths(drawn):
    shelf, demand, _ = drawn
    fast, best = plan(shelf, demand, settings=SETTINGS), plan(shelf, demand, settings=SETTINGS, exact=True)
    assert worth(fast) == pytest.approx(worth(best), rel=1e-7, abs=1e-9)
    assert fast.gap == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(shelves(equal=False))
def test_no_exact_plan_exceeds_the_bound_of_the_fast_one(drawn):
    shelf, demand, _ = drawn
    fast, best = plan(shelf, demand, settings=SETTINGS), plan(shelf, demand, settings=SETTINGS, exact=True)
    exact_bound = best.bound
    assert fast.bound >= exact_bound - 1e-6 * abs(exact_bound) - 1e-9
    if not any("misses its least share" in reason for reason in best.reasons):  # else it stands outside what the bound is of
        assert worth(best) <= fast.bound * (1 + 1e-6) + 1e-9


@given(st.lists(st.floats(0, 1e9, allow_nan=False), min_size=1, max_size=300), st.sampled_from([0.05, 0.17, 0.5, 0.9]))
def test_shares_of_space_sum_to_exactly_100(worth, beta):
    shares = share_of_space(np.array(worth), elasticity=beta)
    assert shares.sum() == 100.0
    assert sum(shares.tolist()) == 100.0
    assert (shares >= 0).all()
    order = np.argsort(worth)
    assert (np.diff(shares[order]) >= -1 / 1024).all(), "who is worth more gets no less"


@given(st.lists(st.floats(0.01, 1e4), min_size=2, max_size=30), st.integers(0, 2**32 - 1))
def test_shares_are_the_optimum(worth, seed):
    worth = np.array(worth)
    rng = np.random.default_rng(seed)
    beta = rng.uniform(0.05, 0.5, len(worth))
    for exponent in (0.17, beta):
        shares = share_of_space(worth, elasticity=exponent) / 100
        other = rng.dirichlet(np.ones(len(worth)))
        tilted = 0.9 * shares + 0.1 * other
        assert (worth * shares**exponent).sum() >= (worth * tilted**exponent).sum() * (1 - 1e-3)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200))
def test_percentages_are_within_a_step_of_the_weights(weights):
    weights = np.array(weights)
    assume(weights.sum() > 1e-3)
    assert np.abs(percentages(weights) - 100 * weights / weights.sum()).max() <= 1 / 1024 + 1e-9
