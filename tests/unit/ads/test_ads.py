"""Reading, cleaning and judging ads, on files that are made up here."""

import json
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from streams.contract.errors import UsageError
from tests.support.ads import ads_file, dated_file
from workbench.ads.columns import dates, guess
from workbench.ads.reports import reports_of
from workbench.ads.table import check_sums, read_ads


def test_columns_are_guessed_and_said(tmp_path):
    ads = read_ads(ads_file(tmp_path / "ads.csv"), {})
    assert [*ads.columns.measures] == ["impressions", "clicks", "spend", "conversions", "approved"]
    assert [*ads.columns.measures.values()] == ["Impressions", "Clicks", "Spent", "Total_Conversion", "Approved_Conversion"]
    assert ads.columns.categories == ["xyz_campaign_id", "age", "gender", "interest"]
    assert (ads.columns.groups, ads.columns.id, ads.dated) == ("fb_campaign_id", "ad_id", False)
    assert (len(ads.frame), ads.rows, ads.dropped) == (240, 240, {})
    assert any("'Spent'" in sentence for sentence in ads.told)


def test_other_names_a_decimal_comma_and_dates_are_understood(tmp_path):
    ads = read_ads(dated_file(tmp_path / "dated.csv", 20), {})
    assert ads.columns.measures == {
        "impressions": "impressions",
        "clicks": "clicks",
        "spend": "mark_spent",
        "conversions": "leads",
        "approved": "orders",
    }
    assert ads.dated
    assert ads.frame["date"].min() == pd.Timestamp("2025-03-01")
    assert ads.columns.categories == ["campaign_name", "category"]
    assert ads.frame["spend"].sum() == pytest.approx(float(ads.sums["spend"]))
    assert ads.frame["spend"].max() < 10_000


EXPORTS = {
    "google": ('"May report"\n"January 5, 2024 - March 1, 2024"\nDay,Campaign,Impr.,Clicks,Cost,Conversions,Conv. rate,Currency code',
               '{d},{c},"{i:,}",{k},"{m:,.2f}",{n}.00,4.2%,EUR'),
    "meta": ("Reporting starts,Reporting ends,Campaign name,Amount spent (USD),Impressions,Link clicks,Results,Cost per result",
             "{d},{d},{c},{m:.2f},{i},{k},{n},3.1"),
    "dollars": ("Ad_Date,Campaign_Name,Clicks,Impressions,Cost,Leads,Conversions,Sale_Amount",
                "{d:%d-%m-%Y},{c},{k},{i},${m:.2f},{n}5,{n},$9"),
    "words": ("Start Date (in UTC),Ad_Group,Daily Cost,Views,Click Count,Conversion Count", "{d:%m/%d/%Y},{c},{m:.2f},{i},{k},{n}"),
    "analytics": ("Date,Source,Ad Cost,Ad Clicks,Ad Impressions,Transactions", "{d:%Y%m%d},{c},{m:.2f},{k},{i},{n}"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_with_other_names_days_and_cost_are_understood(tmp_path, name):
    header, row = EXPORTS[name]
    rows = [
        row.format(
            d=date(2024, 1, 5) + timedelta(days=at // 2), c=("Brand", "Generic")[at % 2], m=20.0 + at * 31, i=900 + at, k=9 + at, n=at % 7
        )
        for at in range(80)
    ]
    (tmp_path / "export.csv").write_text("\n".join([header, *rows]) + "\n")
    ads = read_ads(tmp_path / "export.csv", {})
    assert [name for name in ("impressions", "clicks", "spend") if name not in ads.columns.measures] == []
    assert ads.targets
    assert (len(ads.frame), ads.dated, ads.dropped) == (80, True, {})
    assert str(ads.frame["date"].max().date()) == "2024-02-13"
    assert float(ads.sums["spend"]) == sum(20.0 + at * 31 for at in range(80))
    assert len(ads.columns.categories) == 1, "nothing that is known only with the conversions is a kind of ad"
    reports = reports_of(ads, "shop", None)
    assert [report.day for report in reports] == sorted(report.day for report in reports)
    assert len({report.event_id for report in reports}) == 80
    assert {report.campaign for report in reports} <= {"Brand", "Generic", "all ads"}


def test_reports_need_a_day_and_a_name(tmp_path):
    ads = read_ads(ads_file(tmp_path / "ads.csv", 60), {})
    for account, day, words in (("shop", None, "--day"), ("shop", "May", "is no date"), ("", "2026-05-01", "--account")):
        with pytest.raises(UsageError, match=words):
            reports_of(ads, account, day)
    assert {report.day for report in reports_of(ads, "shop", "2026-05-01")} == {"2026-05-01"}


def test_a_month_and_a_day_are_a_date():
    columns = {"month": ["April", "june", "xyz", "2"], "day": ["1", "30", "3", "29"]}
    found = dates(columns, ("month", "day"))
    assert [str(day.date()) if day is not pd.NaT else "" for day in found] == ["2024-04-01", "2024-06-30", "", "2024-02-29"]


def test_each_rule_is_counted_and_no_row_twice(tmp_path):
    file = ads_file(tmp_path / "ads.csv", 60)
    lines = file.read_text().splitlines()
    lines += [
        "1,900,1000,30-34,M,15,-5,1,x,2,1",  # unreadable before negative
        "2,900,1000,30-34,M,15,5000,1,1.5,2,-1",
        "3,900,1000,30-34,M,15,5000,1,,2,1",
        lines[1],
        "Total,Total,,,,,1,1,1,1,1",
        "4,900,1000,30-34,,15,900,0,3.5,2,1",
    ]
    file.write_text("\n".join(lines) + "\n")
    ads = read_ads(file, {})
    assert ads.dropped == {
        "a line of totals": 1,
        "a number cannot be read": 1,
        "a number is missing": 1,
        "a number is negative": 1,
        "a repeat of a whole row": 1,
    }
    assert (ads.rows, len(ads.frame)) == (66, 61)
    assert ads.mended["gender empty: a kind of its own"] >= 1
    assert ads.warned["spend without clicks"] >= 1
    check_sums(ads, {"spend": ads.sums["spend"]})
    with pytest.raises(UsageError, match="was expected"):
        check_sums(ads, {"clicks": Decimal(1)})


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(UsageError, match="--column spend=COLUMN"):
        guess({"clicks": ["1"], "orders": ["1"]}, {})
    with pytest.raises(UsageError, match="the file has no such column"):
        guess({"clicks": ["1"]}, {"spend": "Kosten"})
    (tmp_path / "few.csv").write_text("spend,clicks,orders\n1,1,1\n")
    with pytest.raises(UsageError, match="at least 40"):
        read_ads(tmp_path / "few.csv", {})


@pytest.fixture(scope="module")
def ads(tmp_path_factory):
    pytest.importorskip("sklearn")
    return read_ads(ads_file(tmp_path_factory.mktemp("ads") / "ads.csv"), {})


class TestModels:
    """These need scikit-learn."""

    def test_no_group_is_on_both_sides_and_every_row_is_held_out_once_a_repeat(self, ads):
        from workbench.ads.evaluation import splits

        held = np.concatenate([asked for taught, asked in splits(ads, 2) if not set(ads.group[taught]) & set(ads.group[asked])])
        assert np.bincount(held).tolist() == [2] * len(ads.frame)

    def test_dates_make_the_split_one_in_time(self, tmp_path):
        from workbench.ads.evaluation import splits

        ads = read_ads(dated_file(tmp_path / "dated.csv", 30), {})
        parts = list(splits(ads, 3))
        assert len(parts) == 5
        for taught, asked in parts:
            assert ads.frame["date"].iloc[taught].max() < ads.frame["date"].iloc[asked].min()

    def test_the_online_model_is_scored_on_the_same_rows(self, tmp_path, monkeypatch):
        from workbench.ads import evaluation

        monkeypatch.setattr(evaluation, "REGRESSORS", {name: evaluation.REGRESSORS[name] for name in ("mean", "poisson")})
        judged = evaluation.judge(read_ads(dated_file(tmp_path / "dated.csv", 60), {}), "approved", 1)
        assert {score.n for score in judged.scores.values()} == {judged.scores["online"].n}
        assert judged.scores["online"].deviance < judged.scores["mean"].deviance
        assert judged.best_batch == "poisson"

    def test_rates_of_a_row_that_teaches_do_not_know_its_own_conversions(self, ads):
        from workbench.ads.features import AdFeatures

        target = ads.frame["approved"].to_numpy().copy()
        before = AdFeatures(ads.columns.categories).fit_transform(ads.frame, target)
        target[7] += 1000
        after = AdFeatures(ads.columns.categories).fit_transform(ads.frame, target)
        assert (before[7] == after[7]).all()
        assert (before != after).any()

    def test_the_hurdle_is_exact_where_the_answer_is_known(self):
        pytest.importorskip("sklearn")
        from workbench.ads.models import HurdlePoisson

        random = np.random.default_rng(0)
        x = random.integers(0, 2, (4000, 1)).astype(float)
        y = np.where(random.random(4000) < np.where(x[:, 0] > 0, 0.7, 0.2), 1 + random.poisson(np.where(x[:, 0] > 0, 2.0, 0.5)), 0)
        found = HurdlePoisson(1e-6).fit(x, y).predict(np.array([[0.0], [1.0]]))
        assert found == pytest.approx([y[x[:, 0] == 0].mean(), y[x[:, 0] == 1].mean()], rel=1e-3)

    def test_a_planted_best_kind_is_advised(self, ads):
        from workbench.ads.advice import CAVEAT, advise

        found = advise(ads)
        best = found.segments[0]
        assert "30-34" in best.name
        assert "M" in best.name.split(", ")
        assert best.low < best.expected < best.high
        assert sum(one.best for one in found.segments) == pytest.approx(1)
        assert 0.05 <= found.elasticity <= 1
        assert found.sentences[-1] == CAVEAT

    def test_deviance_by_hand(self):
        from workbench.ads.evaluation import poisson_deviance

        found = poisson_deviance(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
        assert found == pytest.approx([2.0, 2 * (2 * np.log(2) - 1)])


def test_the_command_writes_what_it_promises(tmp_path, capsys, monkeypatch):
    pytest.importorskip("sklearn")
    from deploy.commands.ads import study
    from workbench.ads import evaluation

    quick = {name: evaluation.REGRESSORS[name] for name in ("mean", "poisson", "hurdle_poisson")}
    monkeypatch.setattr(evaluation, "REGRESSORS", quick)
    file = ads_file(tmp_path / "ads.csv", 100)
    study(file, tmp_path / "out", tmp_path / "ads.json", 1, ["approved=Approved_Conversion"], None)
    found = json.loads((tmp_path / "ads.json").read_text())
    assert list(found) == ["rows", "dropped", "models", "best", "figures", "advice"]
    assert list(found["models"][found["best"]]) == ["r2", "rmse", "mae", "n"]
    models = json.loads((tmp_path / "out" / "ads.json").read_text())["models"]
    assert models[found["best"]]["deviance"] < models["mean"]["deviance"]
    assert {"boxes.png", "pairs.png", "correlation.png", "funnel.png", "drivers.png", "dependence.png", "advice.png"} <= set(
        found["figures"]
    )
    for name in found["figures"]:
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
    assert "observational" in capsys.readouterr().out
    card = (tmp_path / "out" / "model_card.md").read_text()
    assert "observational" in card
    assert found["best"].replace("_", " ") in card
    assert "| spend | Spent |" in (tmp_path / "out" / "data_card.md").read_text()
