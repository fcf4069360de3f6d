"""Keeps the newest forecasts and shelf plans, and all scores and drifts, as documents."""
