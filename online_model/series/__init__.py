"""The state of a store's series, and what the close of a day teaches them.

A series is one item in one store. Its level is a running mean of its sales divided by the calendar multiplier `c`; arrays named `ds`
(deseasonalised) hold sales over `c`. An EWMA is an exponentially weighted moving average; the number after its name is its half-life
in open days.
"""
