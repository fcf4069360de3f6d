"""Simulates a shop that does not exist; the same seed gives the same sales."""
