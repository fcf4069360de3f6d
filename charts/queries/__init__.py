"""Typed rows out of MongoDB."""
