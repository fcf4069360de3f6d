"""Announcements: what a shop says in advance about promotions, open and closed days."""
