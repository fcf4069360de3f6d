"""Sums accepted sales by customer and day, and by cashier, day and hour."""
