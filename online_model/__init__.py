"""Online sales forecasting as a pure library: no Kafka, no database, no clock, no environment, no files.

`Forecaster` holds the state of many stores and forecasts each time a store's business day closes; `SaleRegressor` learns from every
sale line. Both work in a notebook.

Terms used in every room:

series
    One item in one store.
pool
    The stores of one `Forecaster`, and what all their series share.
close
    The end of a store's business day. The model learns the day, scores the forecasts that the day completes, and forecasts.
origin
    The day whose close made a forecast.
horizon
    How many days a forecast sums over, from the day after the origin.
path
    The forecast day by day instead of summed.
label
    What was really sold over a forecast's days. A forecast matures when its label is complete.
multiplier
    `c`, how the calendar (weekday, holidays, promotions, closures) changes a day's sales: 1.2 means 20 % more than usual.
level
    What a series sells on a usual day: a running mean of sales divided by `c`.
scale
    `s`, the typical size of a series' daily sales. Errors and features are divided by it, so that large and small series compare.
winsorised
    Capped, so that one extraordinary day cannot distort what the model learns.
[n]
    An array with one entry a series, in the order in which the store's series were added.

Days are ordinals: `datetime.date.toordinal()`.
"""

from online_model.combine.scores import Scores
from online_model.constants import ModelSettings
from online_model.forecaster import Forecaster
from online_model.horizons import HORIZONS
from online_model.lines.sale_regressor import SaleRegressor
from online_model.results import DayClosed, Drift, HorizonForecast, LostSales, Scored
from online_model.today.moment import Moment, TodayForecast

__all__ = [
    "HORIZONS",
    "DayClosed",
    "Drift",
    "Forecaster",
    "HorizonForecast",
    "LostSales",
    "ModelSettings",
    "Moment",
    "SaleRegressor",
    "Scored",
    "Scores",
    "TodayForecast",
]
