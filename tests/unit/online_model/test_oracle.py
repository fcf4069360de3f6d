"""Held to the numbers of an independent, unoptimised float64 implementation of the same design, printed once on this series."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from online_model import Forecaster

START, DAYS, SERIES = dt.date(2022, 1, 3).toordinal(), 420, 5


@pytest.fixture(scope="module")
def run():
    t, i = np.arange(DAYS)[:, None], np.arange(SERIES)[None]
    noise = (t * t * 7 + 13 * i * t + 5 * i * i + 3 * t) % (5 + 3 * i)
    units = (noise + np.where(t % 7 >= 5, 4 + 2 * i, 0) + np.where((t // 40) % 2 == 1, 3, 0)).astype(float)
    partition = Forecaster()
    partition.add_store("a", "US")
    for k in range(SERIES):
        partition.add_series(0, str(k))
    for day in range(DAYS):
        out = partition.close(0, START + day, units[day], opened=True)
    return partition, out


def test_levels_over_the_calendar(run):
    levels = run[0]._stores[0].series.ewma[4]
    expected = [2.6778850418069546, 3.915590572083041, 6.0142974071600515, 6.592705573351961, 8.502760072210377]
    np.testing.assert_allclose(levels, expected, rtol=0.003)


def test_saturday_profile(run):
    expected = [1.6972955902037816, 1.697855835307609, 1.5965724482455783, 1.6865343616095096, 1.694147582022704]
    np.testing.assert_allclose(run[0]._stores[0].series.profile[5], expected, rtol=1e-5)


def test_pooled_shocks(run):
    expected = [-0.28538594590354455, -0.531267111023884, -0.11719141346651414, -0.12297202348556276, -0.014999177303625768]
    shock = run[0]._pool.profile.shock
    np.testing.assert_allclose([shock(START + DAYS - k) for k in range(5, 0, -1)], expected, atol=1e-5)


def test_calendar_effects(run):
    """Constant, weekdays, places in the month."""
    expected = [
        0.14471697322016475, -0.021008664019026544, -0.04783259564740713, -0.0557927286185073, -0.040742914411811465,
        0.7762449328567635, 0.7200360858381758, -0.03080426263122567, 0.02008093621252716, -0.04801145334816452,
        -0.06408963459729644, 0.00565172605656331, -0.01058162791091751,
    ]  # fmt: skip
    np.testing.assert_allclose(run[0]._pool.calendar.beta[:13], expected, atol=0.003)
    own = [-0.015642793198843517, -0.011822044904258222, -0.05192362212526988, -0.0026312176487254344, -0.021850616176576264]
    np.testing.assert_allclose(run[0]._stores[0].series.delta[5], own, atol=0.003)


def test_second_stage_features(run):
    """Of the fourth series for the next day; no groups in one store, then last year's shocks times cbar."""
    expected = [
        1.0, 1.8327464341554303, 0.9163732170777151, 0.27491196512331456, 0.7330985736621721, 0.7708399379195996,
        0.8121584052118754, 0.1322044510260764, -0.12189017217104403, -0.10313376571616584, 1.0, 0.0, 0.47889760986996877,
        0.0, -0.014999177303625768, 1.1787718689413489, 0.6711342983661047, 0.6738456017930753, 0.7121407397328098,
        0.7464532022056017, 0.7712532462765248, 0.8694014754810653, 0.6999713476966526, 0.030988065375298943,
        0.09186683433023435, 1.0, -0.0944776161948296, -0.030327944589455664, 0.0, 0.0, 0.0, 0.0, 0.5610099034594409,
        -0.39901315581811814,
    ]  # fmt: skip
    np.testing.assert_allclose(run[0]._stores[0].series.teach_day[0][:, 3], expected, atol=0.003)


def test_experts_that_need_no_regression(run):
    """Profile x level and the same-weekday mean, a day of the four weeks."""
    pending = run[0]._stores[0].series.pending[8 + (START + DAYS - 1) % 28]
    profile = [4.0604352937369965, 5.974732344699749, 8.999103165288819, 10.20889250161321, 12.832599172243183]
    np.testing.assert_allclose(pending[1], profile, rtol=1e-5)
    weekday = [5.107142857142857, 7.142857142857143, 10.125, 11.285714285714286, 14.160714285714286]
    np.testing.assert_allclose(run[1].horizons["28_days"].weekday_mean / 28, weekday, rtol=1e-5)


def test_what_is_served(run):
    """The regressions learn from a third of the windows here, from all there."""
    served = {
        "day": [2.15673212119042, 3.940795120956309, 6.624200421695464, 5.147238784258719, 9.747285519366383],
        "7_days": [21.200535924189516, 32.84940685784002, 56.06190983911959, 58.37479402432181, 78.2063499015773],
        "28_days": [108.17681622066152, 160.14541889312434, 248.35138154697685, 271.0346433948614, 353.7944211169006],
    }
    for name, expected in served.items():
        np.testing.assert_allclose(run[1].horizons[name].mean, expected, rtol=0.07, err_msg=name)
