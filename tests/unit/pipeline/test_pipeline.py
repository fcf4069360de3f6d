"""Pipelines: what runs, what is kept, what is refused. Steps are played by a function that writes files."""

import json
from pathlib import Path

import pytest

from streams.contract.errors import UsageError
from workbench.pipeline.run import StepError, run
from workbench.pipeline.steps import pipeline_named, read_pipeline

TOML = """
name = "study"
[[step]]
name = "compare"
command = "ads"
arguments = ["{measure}/result.json", "--out", "{out}"]
[[step]]
name = "measure"
command = "third-month"
arguments = ["sales.csv", "--json", "{out}/result.json"]
inputs = ["sales.csv"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "study.toml").write_text(TOML)
    (tmp_path / "sales.csv").write_text("1")
    return tmp_path


class Steps:
    """Runs a step: copies its first argument's file, with the time it took."""

    def __init__(self):
        self.ran = []
        self.noise = ""

    def __call__(self, command, arguments, folder):
        self.ran.append(command)
        out = folder / "out" / ("measure" if command == "third-month" else "compare")
        text = (folder / arguments[0]).read_text() + self.noise
        (out / "result.json").write_text(json.dumps({"text": text[:1], "all": self.noise, "seconds": len(self.ran)}))
        return 3 if "fail" in text else 0


def test_steps_run_in_their_order_and_are_kept_until_what_they_read_changes(folder):
    pipeline, steps = read_pipeline(folder / "study.toml"), Steps()
    assert [step.name for step in pipeline.steps] == ["measure", "compare"]

    def go(**more):
        return [done.state for done in run(pipeline, folder / "out", steps, lambda _: None, **more)]

    assert go() == ["ran", "ran"]
    assert steps.ran == ["third-month", "ads"]
    assert go() == ["kept", "kept"]
    (folder / "sales.csv").write_text("2")
    assert go() == ["ran", "ran"]
    (folder / "out" / "compare" / "result.json").write_text("changed by hand")
    assert go() == ["kept", "ran"]
    assert go(again=True) == ["same", "same"], "times in JSON do not count"
    steps.noise = "x"
    with pytest.raises(StepError, match=r"measure was run again and gave other files: result\.json"):
        go(again=True)
    picture = (folder / "out" / "graph.svg").read_text()
    assert "measure" in picture
    assert "sales.csv" in picture


def test_a_pipeline_that_comes_along_runs_on_what_the_person_names(folder, monkeypatch):
    monkeypatch.chdir(folder)
    asked = []
    pipeline = pipeline_named(Path("third-month"), Path("sales.csv"))
    run(pipeline, folder / "out", lambda *step: asked.append(step) or 0, lambda _: None)
    assert asked == [("third-month", ["measure", str(folder / "sales.csv"), "--out", str(folder / "out" / "measure"), "--track"], folder)]
    assert "sales.csv" in (folder / "out" / "graph.svg").read_text()
    before = json.loads((folder / "out" / "pipeline.json").read_text())["steps"]["measure"]["key"]
    (folder / "moved.csv").write_text("1")
    run(pipeline_named(Path("third-month"), Path("moved.csv")), folder / "out", lambda *_: 1, lambda _: None)
    assert json.loads((folder / "out" / "pipeline.json").read_text())["steps"]["measure"]["key"] == before, "the content decides"
    for name in ("ads", "m5"):
        assert pipeline_named(Path(name), Path("sales.csv")).name == name
    for name, data, words in (
        ("ads", None, "--data"),
        ("ads", "gone", "no such file"),
        ("adz", None, "one of ads, m5"),
        ("study.toml", "sales.csv", "leave --data out"),
    ):
        with pytest.raises(UsageError, match=words):
            pipeline_named(Path(name), None if data is None else Path(data))


def test_a_step_that_fails_stops_and_runs_the_next_time(folder):
    (folder / "sales.csv").write_text("fail")
    pipeline, steps = read_pipeline(folder / "study.toml"), Steps()
    with pytest.raises(StepError, match="third-month ended with 3"):
        run(pipeline, folder / "out", steps, lambda _: None)
    (folder / "sales.csv").write_text("1")
    assert [done.state for done in run(pipeline, folder / "out", steps, lambda _: None)] == ["ran", "ran"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"ads"', '"worker"', "a step may run ads"),
        ("{measure}", "{gone}", "there is no such step"),
        ('inputs = ["sales.csv"]', 'inputs = ["gone.csv"]', "there is no such file"),
        ('["sales.csv", ', '["{compare}", ', "wait for each other"),
        ('name = "study"', "nam = 3", "is no pipeline"),
        ('name = "measure"', 'name = "compare"', "a name of its own"),
        ('name = "measure"', 'name = "../up"', "is no pipeline"),
    ],
)
def test_a_wrong_file_is_said(folder, old, new, words):
    (folder / "study.toml").write_text(TOML.replace(old, new))
    with pytest.raises(UsageError, match=words):
        read_pipeline(folder / "study.toml")
