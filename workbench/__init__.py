"""Batch work and evaluation: backtests, other models, simulations of shelf plans. No shop needs it to run.

An origin is the day after which a forecast is made; it knows that day and all before it. A horizon is the number of days that the forecast
sums over, a window those days for one origin. A contender is a method of forecasting whose errors are compared. A series is one item in
one store.
"""
