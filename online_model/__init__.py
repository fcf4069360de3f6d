"""Online sales forecasting, pure: no Kafka, no database, no clock, no environment, no files.

`Forecaster` holds the state of many stores and forecasts when a store's business day closes; `SaleRegressor` learns from every
sale line. Both work from a notebook.
"""

from online_model.combine.scores import Scores
from online_model.constants import ModelSettings
from online_model.forecaster import Forecaster
from online_model.horizons import HORIZONS
from online_model.lines.sale_regressor import SaleRegressor
from online_model.results import DayClosed, Drift, HorizonForecast, Scored

__all__ = ["HORIZONS", "DayClosed", "Drift", "Forecaster", "HorizonForecast", "ModelSettings", "SaleRegressor", "Scored", "Scores"]
