"""Consumers of the output topics: statistics and forecasts into MongoDB."""
