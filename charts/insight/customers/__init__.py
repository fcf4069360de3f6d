"""Customers: whether they are still active, what they should buy, and the segments a shop would name."""
