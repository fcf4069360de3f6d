"""Simulates what planning a shelf earns."""
