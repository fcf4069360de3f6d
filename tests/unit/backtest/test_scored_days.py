"""How many days at the end of a file are scored."""

import pytest

from streams.contract.errors import UsageError
from workbench.backtest.run import scored_days_of
from workbench.backtest.survey import Survey

ALL, SHORT = ["day", "7_days", "28_days"], ["day", "7_days"]


def found(days):
    return Survey(20_000, 20_000 + days - 1, True, 1, {}, {}, [])


@pytest.mark.parametrize(
    ("days", "last_days", "horizons", "scored"),
    [(400, None, ALL, 100), (90, None, ALL, 28), (56, None, ALL, 28), (90, None, SHORT, 23), (90, 40, ALL, 40), (14, None, SHORT, 7)],
)
def test_a_quarter_is_scored_and_no_less_than_the_longest_horizon(days, last_days, horizons, scored):
    assert scored_days_of(found(days), last_days, horizons) == scored


@pytest.mark.parametrize(("days", "last_days"), [(55, None), (90, 27), (90, 90)])
def test_files_that_are_too_short_are_refused_with_what_to_give(days, last_days):
    with pytest.raises(UsageError, match="--last-days"):
        scored_days_of(found(days), last_days, ALL)
