"""The newest forecasts, plans, scores and drifts as documents."""
