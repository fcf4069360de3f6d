"""`shelfcast backtest` as a person runs it, on a small file."""

import dataclasses
import importlib.util
import json
import os
import random
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest
from rich.console import Console

from producers.announcements.known_ahead import KnownAhead
from streams.contract.errors import UsageError
from streams.contract.horizons import HORIZON_NAMES
from tests.support.daily import rows_of, written
from workbench.backtest.run import Options, backtest
from workbench.contenders import compare

SCORES = {"wape", "rmsse", "bias", "wql", "coverage", "n"}


def shelfcast(*arguments, cwd):
    command = [sys.executable, "-m", "deploy.cli", "backtest", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=200, check=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backtest")
    file, mapping = written(rows_of(140), folder)
    others = [name for name in compare.MODULES if importlib.util.find_spec(name)]
    result = shelfcast(
        "--sales", file, "--mapping", mapping, "--country", "GB", "--promotions-known-ahead", "--last-days", 30,
        "--compare", ",".join(others), "--json", "scores.json", "--chart", "scores.png", cwd=folder,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return folder, result.stdout, others


def test_the_json_is_as_promised(done):
    folder, _, others = done
    scores = json.loads((folder / "scores.json").read_text())
    assert set(scores) == {"horizons", "differences", "series", "days", "seconds"}
    assert scores["differences"]["day"]["same_weekday_mean"]["change"] > 0
    assert set(scores["horizons"]) == set(HORIZON_NAMES)
    assert (scores["series"], scores["days"]) == (6, 30)
    for by_contender in scores["horizons"].values():
        assert {"shelfcast", "same_weekday_mean", "seasonal_naive", "smoothing"} <= by_contender.keys()
        assert ("lightgbm" in others) == ("lightgbm_l2" in by_contender)
        assert ("statsforecast" in others) == ("auto_ets" in by_contender)
        for found in by_contender.values():
            assert set(found) == SCORES
            assert found["n"] > 0
            assert found["wape"] > 0
        ours = by_contender["shelfcast"]
        assert ours["wql"] > 0
        assert 0 <= ours["coverage"] <= 1
        assert by_contender["same_weekday_mean"]["wql"] is None
    assert scores["seconds"]["shelfcast"] > 0
    # promotions double the sales of apples and come in no weekly rhythm
    assert scores["horizons"]["day"]["shelfcast"]["wape"] < scores["horizons"]["day"]["same_weekday_mean"]["wape"]


def test_the_tables_fit_a_terminal_and_say_what_they_mean(done):
    _, shown, _ = done
    assert all(len(line) <= 80 for line in shown.splitlines())
    for words in ("next day", "sum of 7 days", "sum of 28 days", "same_weekday_mean", "WAPE: ", "rows left out"):
        assert words in shown
    assert "…" not in shown


def test_the_chart_is_a_picture(done):
    folder, _, _ = done
    picture = (folder / "scores.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 30_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"horizons": "week"}, "7_days"),
        ({"compare": "prophet"}, "lightgbm, statsforecast, linear"),
        ({"last_days": 3}, "28 days"),
        ({"last_days": 99}, "none are left to learn from"),
        ({"timezone": "Nowhere"}, "Europe/Berlin"),
        ({"country": "DE-XX"}, "SHELFCAST_COUNTRY='DE-XX'.*DE-NW"),
        ({"store_countries": Path("nowhere.csv")}, "no file nowhere.csv"),
        ({"json": Path("no/folder/x.json")}, "no folder"),
        ({"sales": None}, "--sales"),
    ],
)
def test_wrong_use_is_said_in_a_sentence(changes, words, tmp_path):
    file, mapping = written(rows_of(50), tmp_path)
    plain = Options(
        file,
        mapping,
        None,
        None,
        "day,7_days,28_days",
        None,
        "",
        1,
        KnownAhead(),
        json=None,
        chart=None,
    )
    with pytest.raises(UsageError, match=words):
        backtest(dataclasses.replace(plain, **changes), Console(quiet=True))


def test_each_store_is_forecast_with_the_holidays_of_its_own_place(tmp_path):
    """Two stores that sell three times as much on the day before their own region's holidays, and close on these."""
    regions = {"south": "DE-BY", "capital": "DE-BE"}
    first, chance = date(2023, 1, 1), random.Random(1)
    with (tmp_path / "sales.csv").open("w") as file:
        file.write("date,store,item,quantity,price\n")
        for store, code in regions.items():
            own = holidays.country_holidays("DE", subdiv=code[3:], years=(2023, 2024))
            for number in range(680):
                day = first + timedelta(days=number)
                units = 0 if day in own else round(chance.gauss(300 if day + timedelta(days=1) in own else 100, 3))
                file.write(f"{day},{store},bread,{units},1\n")
    (tmp_path / "stores.csv").write_text("".join(["store,country\n", *(f"{store},{code}\n" for store, code in regions.items())]))
    errors = []
    for more in ((), ("--store-countries", "stores.csv")):
        done = shelfcast(
            "--sales", "sales.csv", "--country", "DE", "--last-days", 200, "--horizons", "day", "--json", "scores.json", *more, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        errors.append(json.loads((tmp_path / "scores.json").read_text())["horizons"]["day"]["shelfcast"]["wape"])
        assert ("2 of 2 stores have a country of their own" in " ".join(done.stdout.split())) == bool(more)
    assert errors[1] < 0.9 * errors[0]


def test_a_sentence_and_the_exit_code_reach_the_terminal(tmp_path):
    result = shelfcast("--sales", "nowhere.csv", cwd=tmp_path)
    assert result.returncode == 2
    assert "There is no file nowhere.csv" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_library_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'shelfcast\[compare\]'"):
        compare.compared("lightgbm")
    assert UsageError.exit_code == 2
