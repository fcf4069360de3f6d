"""Recorded sales sent again, in order of time, resumable."""
