"""The M5 protocol: its scores by hand, its guard, and a run on tables that are made up here in M5's shape."""

import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from streams.contract.errors import UsageError
from workbench.contenders.causal import check_causal
from workbench.m5.data import read_m5
from workbench.m5.metrics import LEVELS, QUANTILES, levels_of, scales, wrmsse, wspl
from workbench.m5.run import Options, protocol
from workbench.m5.spread import quantiles_of

DAYS = 504


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight items of two categories in two stores, with a week, a price that changes, SNAP days and an event."""
    folder, random = tmp_path_factory.mktemp("m5"), np.random.default_rng(4)
    dates = pd.date_range("2014-01-01", periods=DAYS + 28)
    weeks = 11401 + np.arange(len(dates)) // 7
    calendar = pd.DataFrame({"date": dates.strftime("%Y-%m-%d"), "wm_yr_wk": weeks, "snap_CA": (dates.day <= 10).astype(int)})
    calendar["event_name_1"] = [("Easter" if place % 200 == 90 else None) for place in range(len(dates))]
    rows, prices = [], []
    for store in ("CA_1", "CA_2"):
        for item in range(4):
            cat = "FOODS" if item < 2 else "HOBBIES"
            level = random.uniform(0.5, 6) * (1 + 0.5 * (dates[:DAYS].day_of_week >= 5))
            sold = random.poisson(level)
            sold[: 40 * item] = 0
            rows.append([f"{cat}_1_{item:03}", f"{cat}_1", cat, store, "CA", *sold])
            prices += [[store, f"{cat}_1_{item:03}", week, 2.0 + item + (week > 11430)] for week in np.unique(weeks)]
    names = ["item_id", "dept_id", "cat_id", "store_id", "state_id", *(f"d_{day}" for day in range(1, DAYS + 1))]
    pd.DataFrame(rows, columns=names).to_parquet(folder / "sales.parquet")
    pd.DataFrame(prices, columns=["store_id", "item_id", "wm_yr_wk", "sell_price"]).to_csv(folder / "sell_prices.csv", index=False)
    calendar.to_parquet(folder / "calendar.parquet")
    return folder


def test_scales_begin_at_the_first_sale():
    squared, absolute = scales(np.array([[0.0, 0, 2, 5, 5], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]))
    assert squared.tolist()[:2] == [(9 + 0) / 2, 1 / 4]
    assert absolute.tolist()[:2] == [3 / 2, 1 / 4]
    assert np.isnan(squared[2])


def test_the_bottom_and_the_top_level_by_hand(folder):
    data = read_m5(folder)
    origin = DAYS - 28
    levels = levels_of(data, origin)
    assert [len(level.weights) for level in levels] == [1, 1, 2, 2, 2, 2, 2, 4, 4, 4, 4, 8]
    assert all(level.weights.sum() == pytest.approx(1) for level in levels)
    forecast = np.full((8, 28), 3.0)
    found = wrmsse(levels, forecast)
    total = data.units.sum(0).astype(float)
    scale = np.mean(np.diff(total[:origin]) ** 2)
    assert found["total"] == pytest.approx(np.sqrt(np.mean((24 - total[origin:]) ** 2) / scale))
    money = (data.units * data.prices[:, :DAYS])[:, origin - 28 : origin].sum(1)
    by_hand = 0.0
    for row in range(8):
        own = data.units[row].astype(float)
        first = int(np.argmax(own > 0))
        by_hand += money[row] / money.sum() * np.sqrt(np.mean((3 - own[origin:]) ** 2) / np.mean(np.diff(own[first:origin]) ** 2))
    assert found["item x store"] == pytest.approx(by_hand)


def test_a_perfect_forecast_scores_nothing_and_pinball_counts_both_sides(folder):
    data = read_m5(folder)
    levels = levels_of(data, DAYS - 28)
    actual = data.units[:, -28:].astype(float)
    assert sum(wrmsse(levels, actual).values()) == pytest.approx(0)
    exact = [np.repeat(level.actual[None], len(QUANTILES), 0) for level in levels]
    assert sum(wspl(levels, exact).values()) == pytest.approx(0)
    low = wspl(levels, [values - 1 for values in exact])["total"]
    assert low == pytest.approx(np.mean(QUANTILES) / levels[0].absolute[0])


def test_quantiles_rise_and_hold_what_they_say(folder):
    data = read_m5(folder)
    level = levels_of(data, DAYS - 28)[-1]
    mean = np.full((8, 28), float(data.units[:, 200:].mean()))
    past = [(mean, data.units[:, day : day + 28].astype(float)) for day in range(280, DAYS - 56, 28)]
    found = quantiles_of(level, mean, past)
    assert (np.diff(found, axis=0) >= 0).all()
    inside = ((found[1] <= level.actual) & (level.actual <= found[7])).mean()
    assert 0.9 <= inside <= 1


def test_a_feature_that_knows_the_future_is_named():
    units = np.arange(40.0).reshape(2, 20)

    def honest(sold):
        return {"lag": sold[:, 9:10]}

    def planted(sold):
        return honest(sold) | {"mean of all days": sold.mean(1), "tomorrow": sold[:, 12:13]}

    check_causal(honest, units, 12)
    with pytest.raises(UsageError, match=r"know the future: mean of all days, tomorrow\."):
        check_causal(planted, units, 12)


def test_the_run_scores_all_contenders_alike(folder, tmp_path, monkeypatch):
    pytest.importorskip("lightgbm")
    from workbench.m5 import boosted

    monkeypatch.setattr(boosted, "TREES", 40)
    monkeypatch.setattr(boosted, "TAUGHT_DAYS", 120)
    scores = protocol(Options(folder, "lightgbm", tmp_path / "m5.json", tmp_path / "out"), Console(quiet=True))
    assert set(scores) == {"shelfcast", "seasonal_naive", "exponential_smoothing", "lightgbm"}
    assert scores["shelfcast"].mean_wrmsse < scores["seasonal_naive"].mean_wrmsse
    assert scores["lightgbm"].mean_wspl < scores["seasonal_naive"].mean_wspl
    written = json.loads((tmp_path / "m5.json").read_text())["contenders"]
    assert written["shelfcast"]["wrmsse"] == pytest.approx(np.mean(list(written["shelfcast"]["wrmsse_by_level"].values())))
    assert len(written["lightgbm"]["wspl_by_level"]) == len(LEVELS)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"m5.json", "levels.png", "data_card.md", "model_card.md"}
    assert "| **mean** |" in (tmp_path / "out" / "model_card.md").read_text()


def test_a_folder_without_the_tables_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"no sales\.parquet"):
        read_m5(tmp_path)
    with pytest.raises(UsageError, match="write lightgbm or statsforecast"):
        protocol(Options(tmp_path, "prophet"), Console(quiet=True))
