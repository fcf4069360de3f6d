"""The experts of the mix, in order. A new expert is a function and a line here; the layout of the state follows from the list."""

from __future__ import annotations

from typing import Final

from online_model.experts.expert import Expert, Regression
from online_model.experts.features import N_REGRESSION_FEATURES
from online_model.experts.level_experts import by_calendar, by_profile, by_weekday
from online_model.experts.regression_experts import regression_expert
from online_model.experts.regressors import LinearRatio, LogRatio
from online_model.horizons import QUANTILE_NAMES
from online_model.series.series import Layout

EXPERTS: Final = (
    Expert("profile", by_profile, year_corrected=True),
    Expert("level", by_calendar),
    regression_expert("linear", Regression(lambda caution: LinearRatio(caution=caution), "linear")),
    regression_expert("log", Regression(lambda caution: LogRatio(caution=caution), "log", own_offset=True)),
    Expert("weekday_mean", by_weekday, longest_days=7),
)
"""The same-weekday mean takes no part in the four-week horizon, where it made forecasts worse."""

EXPERT_NAMES: Final = tuple(expert.name for expert in EXPERTS)
N_EXPERTS: Final = len(EXPERTS)
CORRECTED: Final = [place for place, expert in enumerate(EXPERTS) if expert.year_corrected]
"""Places of the experts with a year correction."""

PENDING: Final = ("scale", *EXPERT_NAMES, "unbiased", *QUANTILE_NAMES, "naive", "smoothing")
"""What a forecast leaves behind for each series, per open day; quantiles are sums. The experts stand as they were before their
year correction."""

LAYOUT: Final = Layout(N_EXPERTS, len(PENDING), N_REGRESSION_FEATURES)
"""Of the state of each series."""
