"""The pooled regressors through River's interface and on arrays."""

# ruff: noqa: N806  River says X
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from river import checks

from online_model.experts.regressors import LinearRatio, LogRatio, solve_together

MODELS = (LinearRatio, LogRatio)


def cases():
    return [(m, c) for m in MODELS for c in checks.yield_checks(m()) if c.__name__ not in m()._unit_test_skips()]


@pytest.mark.parametrize(("model", "check"), cases(), ids=lambda value: value.__name__)
def test_river_checks(model, check):
    check(model())


def data(n=400, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(0, 0.5, (n, 3)), columns=["a", "b", "c"])
    return X, rng


def test_linear_finds_the_plane():
    X, _ = data()
    y = 2 + 0.5 * X["a"] - 0.3 * X["b"]
    model = LinearRatio(forget=1.0, ridge=1e-9)
    model.learn_many(X, y)
    np.testing.assert_allclose(model.predict_many(X), y, rtol=1e-3)


def test_log_finds_rates():
    X, rng = data(4000)
    mu = np.exp(0.2 + 0.6 * X["a"] - 0.4 * X["b"])
    model = LogRatio(forget=1.0, ridge=1e-6)
    for k in range(0, 4000, 100):
        rows = X.iloc[k : k + 100]
        model.learn_many(rows, pd.Series(rng.poisson(mu[k : k + 100]), index=rows.index))
    weights = dict(zip(model._names, model.weights, strict=True))
    assert weights["one"] == pytest.approx(0.2, abs=0.08)
    assert weights["a"] == pytest.approx(0.6, abs=0.1)
    assert weights["b"] == pytest.approx(-0.4, abs=0.1)


@pytest.mark.parametrize("model", MODELS)
def test_many_is_one_by_one_for_prediction(model):
    X, rng = data(60)
    m = model()
    m.learn_many(X, pd.Series(rng.poisson(1.0, 60)))
    one = [m.predict_one(row) for row in X.to_dict("records")]
    np.testing.assert_allclose(m.predict_many(X), one, rtol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_starts_at_its_prior(model):
    m = model()
    m.start(3, (1, 2))
    features = np.array([[1.0, 1.0], [1.2, 0.4], [0.8, 0.6]], np.float32)
    predicted = m.predict(features, np.full(2, 10, np.float32))
    if model is LinearRatio:
        np.testing.assert_allclose(predicted, [10, 5], rtol=1e-6)
    assert np.isfinite(predicted).all()


@pytest.mark.parametrize("model", MODELS)
def test_solving_together_is_solving_alone(model):
    rng = np.random.default_rng(1)
    models = [model() for _ in range(3)]
    for k, m in enumerate(models):
        m.start(4, (1,))
        m.add(rng.normal(1, 0.3, (4, 30)).astype(np.float32), np.full(30, 5, np.float32),
              rng.poisson(5 + k, 30).astype(np.float32), np.ones(30, bool))  # fmt: skip
    alone = [np.linalg.solve(*m.system()) for m in models]
    solve_together(models)
    for m, weights in zip(models, alone, strict=True):
        np.testing.assert_allclose(m.weights, weights)


def test_weights_that_are_no_numbers_are_not_taken():
    m = LinearRatio()
    m.start(2, (1,))
    m.take(np.array([np.nan, 1.0]))
    assert np.isfinite(m.weights).all()
