"""The experts, the forecasters that the model mixes, and the features they learn from.

At each close every expert forecasts, for each horizon, the mean units of a series per open day. Its origin is the closed day; the label,
what was then sold, comes when the horizon's last day closes. `c` is the calendar multiplier and `cbar` its mean over the open days of a
horizon; a level is a running mean of sales over `c`; `s` is the scale of a series.
"""
