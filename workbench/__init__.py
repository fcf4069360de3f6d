"""Batch and evaluation: nothing here is needed by the store."""
