"""A seeded shop that never was."""
