"""What an item's own sales alone make of the running day: the bar for the forecast that follows the whole store."""

import numpy as np

from online_model import Forecaster, Moment


def own_sales_alone(forecaster: Forecaster, store: int, told: Moment):
    """Units so far + m (1 - F) + gain x (units so far - m F) of each series, with the morning's forecast m and the share F of the day."""
    expected = forecaster._stores[store]._expected(told, forecaster._pool)
    morning, share = expected.day.morning, expected.share
    return np.maximum(told.sold + morning * (1 - share) + expected.gain * (told.sold - morning * share), told.sold)
