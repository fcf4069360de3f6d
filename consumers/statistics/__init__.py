"""Accepted sales summed by item, store, day and hour."""
