"""Sums accepted sales by item, store, day and hour."""
