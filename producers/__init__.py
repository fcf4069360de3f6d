"""Producers of sale events: HTTP gateway, replay of files and databases, simulator."""
