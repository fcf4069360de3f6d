"""The total of the running day."""
