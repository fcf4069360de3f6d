"""The drift detector against River's own."""

from __future__ import annotations

import random

import numpy as np
import pytest
from river import drift

from online_model.lines.adwin import Adwin


def signal(n, change, seed, jump=0.2):
    rnd = random.Random(seed)
    return [min(max(rnd.gauss(0.3 + (jump if k >= change else 0), 0.08), 0), 1) for k in range(n)]


def first_alarm(detector, values):
    for k, x in enumerate(values):
        detector.update(x)
        if detector.drift_detected:
            return k
    return None


@pytest.mark.parametrize("seed", range(5))
def test_finds_a_change_when_rivers_does(seed):
    values = signal(1200, 800, seed)
    ours, rivers = first_alarm(Adwin(), values), first_alarm(drift.ADWIN(clock=1), values)
    assert ours is not None
    assert rivers is not None
    assert abs(ours - rivers) <= 12


@pytest.mark.parametrize("seed", range(5))
def test_is_silent_without_one(seed):
    assert first_alarm(Adwin(), signal(3000, 9999, seed)) is None


def test_window_statistics():
    detector, values = Adwin(), signal(500, 9999, 1)
    for x in values:
        detector.update(x)
    assert detector.width == 500
    assert detector.estimation == pytest.approx(np.mean(values))
    assert detector.spread / detector.width == pytest.approx(np.var(values), rel=1e-6)


def test_after_a_cut_the_window_holds_the_new_mean():
    detector = Adwin()
    for x in signal(1400, 700, 2):
        detector.update(x)
    assert detector.width < 760
    assert detector.estimation == pytest.approx(0.5, abs=0.03)


def test_dump_and_load():
    values = signal(900, 600, 3)
    a = Adwin()
    for x in values[:450]:
        a.update(x)
    b = Adwin.load(a.dump())
    for x in values[450:]:
        a.update(x)
        b.update(x)
        assert (a.drift_detected, a.width, a.total, a.spread) == (b.drift_detected, b.width, b.total, b.spread)
