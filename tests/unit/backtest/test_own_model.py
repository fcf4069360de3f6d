"""Models of the zoo and of a person's file, on a small made-up panel."""

import numpy as np
import pytest

from streams.contract.errors import UsageError
from workbench.backtest.live import Live
from workbench.backtest.panel import Panel, windows
from workbench.contenders import own, zoo
from workbench.contenders.compare import compared

DAYS, SCORED = 120, 40
MINE = """
import numpy as np

class Model:
    every = 1

    def fit(self, history):
        self.units = history.units.copy()
        history.units[:] = -1  # what it gets is its own

    def predict(self, days):
        return np.tile(self.units[:, -7:], (1, 5))[:, :days]

    def quantiles(self, days):
        total = self.predict(days).sum(1)
        return np.stack([total + 1, total, total - 1])

class Wrong(Model):
    def predict(self, days):
        return self.units[:, -3:]

class Less:
    pass
"""


@pytest.fixture(scope="module")
def live():
    random = np.random.default_rng(3)
    week = np.tile([1.0, 1, 1, 1, 1.5, 2, 0.5], 20)[:DAYS]
    units = random.poisson(np.array([[8.0], [30], [3]]) * week).astype(float)
    panel = Panel(19_000, ["a"] * 3, ["x", "y", "z"], units)
    found = windows(panel, SCORED, ["day", "7_days"])
    return Live(panel, found, [], {name: np.ones(w.actual.shape) for name, w in found.items()}, None, {}, None)


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path / "mine.py"


def test_a_model_in_a_file_forecasts_every_origin_from_the_past_alone(live, mine):
    before = live.panel.units.copy()
    [found] = compared(f"{mine}:Model")[0].run(live, lambda _: None)
    window = live.windows["day"]
    assert found.name == "Model"
    assert (found.forecasts["day"].mean == before[:, window.origins - 6]).all(), "a week ago"
    assert (np.diff(found.forecasts["7_days"].quantiles, axis=0) == 1).all(), "sorted"
    assert (live.panel.units == before).all()


@pytest.mark.parametrize(
    ("name", "words"),
    [("mine.py:Less", "must be a class with the methods"), ("mine.py:Gone", "must be a class"), ("gone.py:Model", "there is no file")],
)
def test_a_file_without_a_model_is_said(mine, name, words):
    with pytest.raises(UsageError, match=words):
        own.load_model(str(mine.parent / name))


def test_a_file_that_fails_and_forecasts_of_a_wrong_shape_are_said(live, mine, tmp_path):
    (tmp_path / "bad.py").write_text("import nothing_like_this")
    with pytest.raises(UsageError, match="ModuleNotFoundError"):
        own.load_model(f"{tmp_path / 'bad.py'}:Model")
    with pytest.raises(UsageError, match=r"finite numbers of the shape \[3, 7\]"):
        compared(f"{mine}:Wrong")[0].run(live, lambda _: None)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_each_of_the_zoo_beats_repeating_the_newest_value(live, name, monkeypatch):
    if name != "river":
        pytest.importorskip("sklearn")
    monkeypatch.setattr(zoo, "TAUGHT_DAYS", 60)
    [found] = compared(name)[0].run(live, lambda _: None)
    window, told = live.windows["7_days"], found.forecasts["7_days"].mean
    known = np.isfinite(told)
    assert known.any()
    newest = 7 * live.panel.units[:, window.origins]
    assert np.abs(told - window.actual)[known].sum() < np.abs(newest - window.actual)[known].sum()
