"""What is forecast is declared once: a horizon or a quantile more is a row of the table and nothing else in the model."""

from __future__ import annotations

import subprocess
import sys

from streams.contract.horizons import HORIZON_NAMES, HORIZONS, QUANTILE_NAMES
from streams.contract.messages import HorizonForecast

MORE = """
import numpy as np
from streams.contract import horizons

week, rest = horizons.HORIZONS[:2], horizons.HORIZONS[2:]
horizons.HORIZONS = (*week, horizons.Horizon("14_days", 14, "next 14 days"), *rest)
horizons.QUANTILES = (horizons.Quantile("p5", 0.05), *horizons.QUANTILES)
horizons.HORIZON_NAMES = tuple(h.name for h in horizons.HORIZONS)
horizons.QUANTILE_NAMES = tuple(q.name for q in horizons.QUANTILES)

from online_model import Forecaster

partition, rng, closed = Forecaster(), np.random.default_rng(3), []
partition.add_store("a")
for item in range(6):
    partition.add_series(0, str(item))
for day in range(738000, 738120):
    closed.append(partition.close(0, day, rng.poisson(20, 6).astype(float), opened=True))
last = closed[-1].horizons
assert list(last) == ["day", "7_days", "14_days", "28_days"]
assert (last["7_days"].mean < last["14_days"].mean).all() and (last["14_days"].mean < last["28_days"].mean).all()
np.testing.assert_allclose(last["14_days"].mean, closed[-1].path[:, :14].sum(1))
assert last["day"].quantiles.shape == (4, 6)
assert (np.diff(last["28_days"].quantiles, axis=0) >= 0).all()
below = np.mean([c.scored["day"].actual < c.scored["day"].quantiles[0] for c in closed[30:]])
assert below < 0.12, below
assert "14_days" in closed[-1].scored
assert Forecaster.load(partition.dump()).dump().keys() == partition.dump().keys()
print("done")
"""


def test_a_horizon_and_a_quantile_more_are_rows_of_the_table():
    ran = subprocess.run([sys.executable, "-c", MORE], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "done", ran.stderr


def test_messages_carry_the_declared_quantiles_and_horizons():
    assert set(QUANTILE_NAMES) < set(HorizonForecast.__struct_fields__)
    assert {*HORIZON_NAMES, "today"} == set(HorizonForecast.__annotations__["horizon"].__args__)


def test_the_table_begins_with_a_day_and_has_a_week():
    days = [horizon.days for horizon in HORIZONS]
    assert days[0] == 1
    assert 7 in days
    assert days == sorted(days)
