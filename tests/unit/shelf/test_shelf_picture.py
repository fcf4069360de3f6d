"""The picture of a plan: everything that stands is in it, and changes are marked."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from charts.figures.draw import drawn
from charts.figures.shelf_picture import ShelfPlan, shelf_picture
from online_model.shelf import Item, build_shelf


def plan_of(items, levels=3):
    rng = np.random.default_rng(items)
    names = [f"item {i} for $5 & <more>" for i in range(items)]
    shelf = build_shelf(300.0, levels, [Item(n, width=float(rng.uniform(3, 14))) for n in names])
    facings = rng.integers(1, 3, items)
    previous = facings.copy()
    previous[0] += 1
    previous[-1] = 0
    return ShelfPlan("Shop $1", "Dairy", shelf, facings, previous, rng.uniform(1, 9, items), "2026-05-01")


def texts(svg):
    return [t for e in ET.fromstring(svg).iter() if e.tag.endswith("text") for t in ["".join(e.itertext())]]


@pytest.mark.parametrize(("items", "levels"), [(10, 3), (120, 7)])
def test_every_item_is_named_and_changes_are_marked(items, levels):
    plan = plan_of(items, levels)
    said = texts(drawn(lambda: shelf_picture(plan), "svg"))
    together = " ".join(" ".join(said).split())
    for i in range(items):
        assert f"item {i} for" in together
    assert "−1" in said
    assert "new" in said
    assert "$5" in together
    assert "2 items to move" in together
    assert drawn(lambda: shelf_picture(plan), "png").startswith(b"\x89PNG")


def test_a_change_of_an_item_on_several_levels_is_told_once():
    shelf = build_shelf(100.0, 3, [Item("milk", width=10.0), Item("tea", width=10.0)])
    plan = ShelfPlan("Shop", "Dairy", shelf, np.array([25, 3]), np.array([21, 7]), np.array([9.0, 1.0]))
    said = texts(drawn(lambda: shelf_picture(plan), "svg"))
    assert said.count("milk") == 3
    assert [text for text in said if text.startswith("+4")] == ["+4 in all"]


def test_a_name_breaks_before_its_unit_rather_than_become_a_number():
    shelf = build_shelf(100.0, 1, [Item("chocolate 85 % 12", width=9.0), Item("tea", width=91.0)])
    said = texts(drawn(lambda: shelf_picture(ShelfPlan("Shop", "Sweets", shelf, np.array([1, 1]))), "svg"))
    assert "1" not in said
    assert "chocolate" in " ".join(said)


def test_an_empty_shelf_says_so():
    plan = plan_of(3)
    empty = ShelfPlan("s", "d", plan.shelf, np.zeros(3, dtype=np.int64))
    assert any("Nothing stands" in t for t in texts(drawn(lambda: shelf_picture(empty), "svg")))
