"""The expected total of the day that is still running."""
