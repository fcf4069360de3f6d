"""What is known of a day in advance (date, holidays, openings, promotions), and the calendar multiplier learned from it.

The multiplier `c` says how much a day sells relative to a usual one: 1.2 means 20 % more. The level is what a series sells on a
usual day: a running mean of its sales divided by `c`. Ordinals are those of `date.toordinal()`.
"""
