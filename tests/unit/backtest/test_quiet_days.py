"""What the trees are taught: days of a demand of zero, and not days on which nobody could buy."""

import numpy as np

from workbench.backtest.panel import Panel
from workbench.backtest.table import open_or_quiet


def test_quiet_days_are_open_and_closed_ones_are_not():
    rng, days = np.random.default_rng(3), np.arange(280)
    store = 10.0 * (days % 7 != 6)  # closed on Sundays
    store[100] = 0  # a holiday
    kiosk = rng.binomial(1, 0.5, 280).astype(float)
    kiosk[0], kiosk[150:200] = 1, 0  # and away for seven weeks
    found = open_or_quiet(Panel(0, ["store", "kiosk"], ["a", "a"], np.stack([store, kiosk])))
    np.testing.assert_array_equal(found[0], store > 0)
    assert found[1, :150].all()
    assert not found[1, 170:200].any()
