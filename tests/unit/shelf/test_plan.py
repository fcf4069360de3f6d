"""The shelf plan on shelves small enough to check by hand or by trying everything."""

import itertools

import numpy as np
import pytest

from online_model.shelf import (
    CategoryBound,
    Demand,
    Item,
    Quantiles,
    ShelfError,
    ShelfSettings,
    arrange,
    build_shelf,
    plan,
)

FREE = ShelfSettings(minutes_per_facing=0.0)


def demand_of(*units, **more):
    mean = np.array(units, dtype=float)
    return Demand(Quantiles(mean, mean, mean, mean), **more)


def shelf_of(*items, width=10.0, levels=1, shares=()):
    return build_shelf(width, levels, items, shares)


def item(name, **more):
    return Item(**({"item": name, "price": 2.0, "cost": 1.0, "units_per_facing": 1000.0} | more))


def brute_force(shelf, worth, beta, low):
    """The best profit over every allocation, one level."""
    ranges = [range(int(a), int(b) + 1) for a, b in zip(low, shelf.max_facings, strict=True)]
    fits = (f for f in itertools.product(*ranges) if np.dot(f, shelf.width) <= shelf.level_width + 1e-9)
    return max((worth * np.array(f, dtype=float) ** beta).sum() for f in fits)


@pytest.mark.parametrize("seed", range(20))
def test_the_plan_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    widths = np.full(4, 2.0) if seed % 2 else rng.integers(2, 6, 4)
    items = [item(f"i{k}", width=float(w), cost=float(rng.uniform(0.2, 1.9))) for k, w in enumerate(widths)]
    shelf = shelf_of(*items, width=24.0)
    demand = demand_of(*rng.uniform(1, 20, 4))
    result = plan(shelf, demand, settings=FREE, exact=True)
    seen_at = max(24.0 / shelf.width.sum(), 1)
    worth = (shelf.price - shelf.cost) * demand.day.mean / seen_at**0.17
    best = brute_force(shelf, worth, 0.17, np.ones(4, dtype=int))
    assert result.profit_per_day.sum() == pytest.approx(best, rel=1e-9)
    fast = plan(shelf, demand, settings=FREE)
    assert fast.profit_per_day.sum() >= best * (1 - fast.gap) - 1e-9
    if seed % 2:
        assert fast.profit_per_day.sum() == pytest.approx(best, rel=1e-9)


def test_more_profit_takes_more_facings_and_equal_items_share_alike():
    result = plan(shelf_of(item("a"), item("b"), item("c", price=3.0)), demand_of(5, 5, 5))
    assert result.facings.tolist() == [2, 2, 6]
    assert result.shelf_space_percentage.sum() == 100.0
    assert result.changed
    assert result.gain_per_day is None


def test_ties_go_to_the_first_item():
    assert plan(shelf_of(item("a"), item("b"), item("c")), demand_of(5, 5, 5)).facings.tolist() == [4, 3, 3]


def test_the_least_facings_hold_the_p90_demand_between_two_refills():
    mean = np.array([8.0, 80.0])
    demand = Demand(Quantiles(mean, mean / 2, mean, np.array([20.0, 90.0])))
    items = (item("slow", price=1.01, units_per_facing=5.0), item("fast", units_per_facing=500.0))
    daily = plan(shelf_of(*items), demand)
    assert daily.facings.tolist() == [4, 6], "ceil(20 / 5) facings of slow, though fast earns more with each"
    two_days = plan(shelf_of(*items), demand, settings=ShelfSettings(refill_days=2.0))
    upper = 16 + (20 - 8) * 2**0.5
    assert two_days.facings[0] == np.ceil(upper / 5)
    assert "hold what it sells between two refills (P90)" in " ".join(daily.reasons)


def test_a_shelf_too_small_for_the_stock_says_so_and_keeps_what_must_stay():
    items = [item(f"i{k}", units_per_facing=1.0, must_stay=k == 7) for k in range(8)]
    result = plan(shelf_of(*items), demand_of(9, 9, 9, 9, 9, 9, 9, 0))
    assert result.facings[7] == 1
    assert result.facings.sum() == 10
    assert any("too small" in reason for reason in result.reasons)


def test_an_item_nobody_buys_leaves_unless_it_must_stay():
    result = plan(shelf_of(item("a"), item("dead"), item("kept", must_stay=True)), demand_of(5, 0, 0))
    assert result.facings.tolist() == [9, 0, 1]


def test_an_item_that_loses_money_gets_no_more_than_it_must():
    result = plan(shelf_of(item("good"), item("loss", price=1.0, cost=3.0, min_facings=2)), demand_of(1, 100))
    assert result.facings.tolist() == [8, 2]
    assert result.profit_per_day[1] < 0


def test_category_bounds():
    items = [item("a", category="x"), item("b", category="x"), item("c", price=50.0, category="y")]
    bounds = [CategoryBound("x", 0.4, 1.0), CategoryBound("y", 0.0, 0.5)]
    result = plan(shelf_of(*items, shares=bounds), demand_of(1, 1, 9))
    assert result.facings.tolist() == [3, 2, 5]
    assert any("category y is at its most, 50% of the shelf" in reason for reason in result.reasons)
    held = plan(shelf_of(*items, shares=[CategoryBound("x", 0.6, 1.0)]), demand_of(1, 1, 9))
    assert held.facings.tolist() == [3, 3, 4]
    assert any("its category x is at its least" in reason for reason in held.reasons)


def test_moves_are_made_only_when_they_pay():
    shelf = shelf_of(item("milk"), item("flour"))
    now = np.array([5, 5])
    demand = demand_of(20, 12, seen_at=now)
    assert plan(shelf, demand, now, FREE).facings[0] > 5
    dear = plan(shelf, demand, now, ShelfSettings(minutes_per_facing=60.0, payback_days=7.0))
    assert dear.facings.tolist() == [5, 5]
    assert not dear.changed
    assert dear.gain_per_day == 0.0
    assert "The current plan stays" in dear.reasons[0]
    fair = ShelfSettings(minutes_per_facing=2.0, payback_days=28.0)
    moved = plan(shelf, demand, now, fair)
    count = np.abs(moved.facings - now).sum()
    assert count
    assert moved.gain_per_day >= count * fair.labour_per_facing_day
    assert moved.reasons[1].startswith("milk from 5 to ")


def test_the_binding_sentence_names_what_to_take_it_from():
    result = plan(shelf_of(item("milk", price=9.0), item("flour", min_facings=6)), demand_of(10, 10))
    assert result.facings.tolist() == [4, 6]
    one_more = 8 * 10 / 5**0.17 * (5**0.17 - 4**0.17)
    one_less = 10 / 5**0.17 * (6**0.17 - 5**0.17)
    sentence = f"One more facing of milk would earn {one_more:.2f} a day; take it from flour, which loses {one_less:.2f}"
    assert f"{sentence}: not done, as it must keep 6 facings." in result.reasons


def test_a_plan_without_prices_maximises_units():
    result = plan(shelf_of(Item("a"), Item("b")), demand_of(3, 3))
    assert result.facings.tolist() == [5, 5]
    assert any("No price is known" in reason for reason in result.reasons)


def test_profit_of_the_sales_serves_where_the_shelf_names_no_cost():
    shelf = shelf_of(item("a", cost=None), item("b", cost=None))
    told = plan(shelf, demand_of(5, 5, unit_profit=np.array([1.5, np.nan])))
    assert told.profit_per_day[0] / told.facings[0] ** 0.17 == pytest.approx(1.5 * 5 / 5**0.17)
    assert told.profit_per_day[1] / told.facings[1] ** 0.17 == pytest.approx(0.3 * 2 * 5 / 5**0.17)


def test_units_a_day_are_the_weeks_median_or_the_mean_where_that_is_0():
    ones = np.ones(2)
    week = Quantiles(np.array([14.0, 1.4]), ones, np.array([7.0, 0.0]), ones)
    assert Demand(Quantiles(ones, ones, ones, ones), week).units_a_day().tolist() == pytest.approx([1.0, 0.2])


def test_nan_forecasts_count_as_no_demand():
    result = plan(shelf_of(item("a"), item("new")), demand_of(5, np.nan))
    assert result.facings.tolist() == [10, 0]
    assert np.isfinite(result.order_units).all()


def test_groups_stand_on_one_level_and_items_are_split_only_where_they_must():
    items = [
        item("a", width=4.0, group="g"),
        item("b", width=3.0, group="g"),
        item("c", width=5.0),
        item("d", width=2.0),
    ]
    shelf = shelf_of(*items, width=20.0, levels=3)
    blocks = arrange(shelf, np.array([2, 3, 4, 5]))
    levels = {shelf.items[b.item]: b.level for b in blocks}
    assert len(blocks) == 4
    assert levels["a"] == levels["b"]
    wide = arrange(shelf_of(item("a", width=6.0), width=20.0, levels=2), np.array([5]))
    assert [(b.level, b.facings) for b in wide] == [(0, 3), (1, 2)]


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (shelf_of, "no items"),
        (lambda: shelf_of(item("a"), item("a")), "given twice"),
        (lambda: shelf_of(item("a", width=11.0)), "one unit"),
        (lambda: shelf_of(item("a", min_facings=4, max_facings=3)), "max_facings is below"),
        (lambda: shelf_of(item("a", min_facings=6), item("b", min_facings=6)), "lower min_facings"),
        (lambda: shelf_of(item("a", category="x"), shares=[CategoryBound("x", 0.6, 0.5)]), "min_share <= max_share"),
        (lambda: shelf_of(item("a", category="x", max_facings=2), shares=[CategoryBound("x", 0.6)]), "cannot reach"),
        (
            lambda: shelf_of(item("a", category="x", min_facings=6), shares=[CategoryBound("x", 0, 0.5)]),
            "more than its max",
        ),
        (
            lambda: shelf_of(item("a", width=6.0, min_facings=1), item("b", width=6.0, min_facings=1), width=7.0, levels=1),
            "need more",
        ),
        (
            lambda: shelf_of(*(item(f"i{k}", width=6.0, must_stay=True) for k in range(3)), width=10.0, levels=2),
            "on the levels",
        ),
        (lambda: shelf_of(*(item(f"i{k}", width=1e-6) for k in range(200)), width=1e9), "More than 20000 facings"),
        (lambda: shelf_of(item("a"), width=0.0), "above 0"),
    ],
)
def test_a_shelf_that_cannot_be_is_refused_with_a_sentence(build, sentence):
    with pytest.raises(ShelfError, match=sentence):
        build()


@pytest.mark.parametrize(
    "wrong",
    [
        {"elasticity": 1.0},
        {"elasticity_of": {"x": 0.0}},
        {"service_level": 1.0},
        {"payback_days": 0.0},
        {"wage_per_hour": -1},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="set a number"):
        ShelfSettings(**wrong)


def test_a_current_plan_of_another_length_is_refused():
    with pytest.raises(ShelfError, match="current plan has 1"):
        plan(shelf_of(item("a"), item("b")), demand_of(1, 1), np.array([1]))
