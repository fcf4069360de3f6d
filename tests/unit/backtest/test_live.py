"""The backtest forecasts what the worker publishes, and knows nothing of what comes."""

import numpy as np
import pytest

from producers.announcements.known_ahead import KnownAhead
from streams.contract.codec import decode_output
from streams.contract.horizons import QUANTILE_NAMES
from streams.contract.messages import ForecastScored, PredictedSales
from streams.processor.local_time import EPOCH_ORDINAL, iso_date
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.support.daily import FIRST, rows_of, written
from workbench.backtest import live
from workbench.backtest.event_log import SalesLog
from workbench.backtest.panel import SPANS
from workbench.backtest.source import open_sales
from workbench.backtest.survey import survey

DAYS, SCORED = 130, 40
FIRST_DAY = FIRST.toordinal() - EPOCH_ORDINAL


def backtested(folder, rows, *, partitions=1, known_ahead=False, open_ahead=False):
    folder.mkdir(exist_ok=True)
    file, mapping = written(rows, folder)
    if open_ahead:
        mapping.write_text('open = "open"\n' + mapping.read_text())
    sales = open_sales(file, mapping, None, "GB")
    found = survey(sales, KnownAhead(known_ahead, open_ahead))
    return sales, found, live.run(sales, found, scored_days=SCORED, horizons=list(SPANS), partitions=partitions)


@pytest.fixture(scope="module")
def rows():
    return rows_of(DAYS)


@pytest.fixture(scope="module")
def run(tmp_path_factory, rows):
    return backtested(tmp_path_factory.mktemp("live"), rows, known_ahead=True)


@pytest.fixture(scope="module")
def messages(run):
    """What a processor without an observer, as the worker has it, publishes for the same log."""
    sales, found, _ = run
    rules = Rules(timezone=sales.timezone, country=sales.country)
    processor = Processor(rules, 0, 1)
    log = SalesLog(sales, found, 1, rules.lateness_seconds)
    return [decode_output(raw) for parts in log.runs() for _, raw in processor.apply(parts[0]).forecasts]


def test_forecasts_equal_the_messages_that_the_worker_publishes(run, messages):
    _, found, result = run
    rows = {series: row for row, series in enumerate(zip(result.panel.stores, result.panel.items, strict=True))}
    days = {iso_date(result.panel.first_day + place): place for place in range(DAYS)}
    ours = result.contenders[0].forecasts
    bar = next(c for c in result.contenders if c.name == "same_weekday_mean").forecasts
    compared = dict.fromkeys(SPANS, 0)
    for message in messages:
        if not isinstance(message, PredictedSales) or message.sold_so_far is not None:
            continue
        row = rows[message.store, message.item]
        for horizon in message.horizons:
            window = result.windows[horizon.horizon]
            column = days[message.origin] - window.origins[0]
            if not 0 <= column < len(window.origins):
                continue
            mean, quantiles = ours[horizon.horizon].mean[row, column], ours[horizon.horizon].quantiles[:, row, column]
            values = [mean, *quantiles, bar[horizon.horizon].mean[row, column]]
            told = [horizon.mean, *(getattr(horizon, name) for name in QUANTILE_NAMES), horizon.same_weekday_mean]
            assert values == pytest.approx(told, abs=6e-4, rel=1e-6)
            compared[horizon.horizon] += 1
    # York is closed on Sundays, and a closed day publishes nothing
    assert compared["day"] >= 6 * (SCORED - 8)
    assert compared["28_days"] > 50
    assert found.announcements


def test_sums_equal_those_the_worker_scores_itself_by(run, messages):
    _, _, result = run
    days = {iso_date(result.panel.first_day + place): place for place in range(DAYS)}
    seen = 0
    for message in messages:
        if isinstance(message, ForecastScored):
            window = result.windows[message.horizon]
            column = days[message.origin] - window.origins[0]
            if 0 <= column < len(window.origins):
                of = [row for row, store in enumerate(result.panel.stores) if store == message.store]
                assert message.actual == pytest.approx(result.panel.units[of, days[message.origin] + 1 :][:, : window.span].sum())
                seen += 1
    assert seen > 60


def test_a_planted_future_changes_no_earlier_forecast(run, rows, tmp_path):
    _, _, result = run
    planted = DAYS - 15
    first = sorted({row["date"] for row in rows})[planted]
    future = [row | {"units": row["units"] * 50 + 7} if row["date"] >= first else row for row in rows]
    _, _, other = backtested(tmp_path, future, known_ahead=True)
    assert other.panel.stores == result.panel.stores
    for name, window in result.windows.items():
        known = window.origins < planted
        assert known.any()
        for mine, theirs in zip(result.contenders, other.contenders, strict=True):
            before, after = mine.forecasts[name], theirs.forecasts[name]
            np.testing.assert_array_equal(before.mean[:, known], after.mean[:, known])
            if before.quantiles is not None:
                np.testing.assert_array_equal(before.quantiles[:, :, known], after.quantiles[:, :, known])
        if not known.all():
            assert (result.contenders[0].forecasts[name].mean[:, ~known] != other.contenders[0].forecasts[name].mean[:, ~known]).any()


def test_a_promotion_known_ahead_is_forecast_and_an_unknown_one_is_not(run, rows, tmp_path):
    _, _, known = run
    _, _, unknown = backtested(tmp_path, rows)
    window = known.windows["day"]
    apples = known.panel.items.index("apples")
    starts = [k for k, origin in enumerate(window.origins) if (origin + 1) % 20 == 11]
    ahead = known.contenders[0].forecasts["day"].mean[apples, starts]
    assert (ahead > 1.2 * unknown.contenders[0].forecasts["day"].mean[apples, starts]).all()


def test_a_closure_known_ahead_is_forecast_and_an_unknown_one_is_not(rows, tmp_path):
    closed = {iso_date(FIRST_DAY + place) for place in range(DAYS - 20, DAYS - 12)}
    shut = [row | ({"units": 0, "open": "false"} if row["date"] in closed else {"open": "true"}) for row in rows]
    _, _, known = backtested(tmp_path / "known", shut, open_ahead=True)
    _, _, unknown = backtested(tmp_path / "unknown", shut)
    window = known.windows["day"]
    first = int(np.flatnonzero(window.origins == DAYS - 21)[0])
    ours, others = known.contenders[0].forecasts["day"].mean, unknown.contenders[0].forecasts["day"].mean
    assert (ours[:, first : first + 8] == 0).all()
    assert others[:, first].sum() > 20
    assert not known.panel.told_open[:, DAYS - 20 : DAYS - 12].any()
    assert known.panel.told_open[:, : DAYS - 20].all()


def test_the_panel_is_the_file(run, rows):
    _, _, result = run
    assert result.panel.units.sum() == sum(row["units"] for row in rows)
    assert result.rejected == {}
