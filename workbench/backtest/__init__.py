"""Measures how good the forecasts would have been on a file of sales."""
