"""`shelfcast replay` as a program: killed with -9 and resumed, nothing is lost and every event keeps its id."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from deploy.cli import run
from streams.contract.codec import decode_event
from streams.contract.messages import SaleRecorded
from streams.contract.topics import EVENTS

ROWS = 30_000
PREFIX = f"k{uuid.uuid4().hex[:8]}-"


def command(broker, folder, *arguments):
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": broker.settings.bootstrap_servers, "MONGODB_URI": "mongodb://127.0.0.1:1"}
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "replay", *arguments, "--data-dir", str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sales_file(folder):
    path = folder / "sales.csv"
    lines = ["store,item,quantity,amount,date"]
    lines += [f"{PREFIX}{n % 5},item {n % 50},{'x' if n % 1000 == 7 else 1},{n % 90}.50,2026-01-0{1 + n % 7} 10:00:00" for n in range(ROWS)]
    path.write_text("\n".join(lines))
    return path


def test_killed_and_resumed_every_row_is_there_under_one_id(broker, read, tmp_path):
    path, kills = sales_file(tmp_path), 0
    arguments = [str(path), "--json", "--speed", "200000x"]
    for _ in range(2):
        process = command(broker, tmp_path, *arguments)
        progress = tmp_path / "replay"
        deadline = time.monotonic() + 20
        settled = 0
        while settled < 1_000 * (kills + 1) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
            for file in progress.glob("*.json"):
                settled = json.loads(file.read_bytes())["published"]
        kills += process.poll() is None
        process.kill()
        process.communicate()
        arguments = [str(path), "--json", "--resume", "--speed", "200000x"]
    told = command(broker, tmp_path, str(path), "--json", "--resume").communicate(timeout=60)[0]
    result = json.loads(told)
    assert kills == 2, "the replay was under way when it was killed"
    assert (result["published"], result["bad"], result["finished"]) == (ROWS - 30, 30, True)
    events = [decode_event(message.value()) for message in read(broker.settings, EVENTS, PREFIX.encode())]
    sales = {}
    for event in events:
        if isinstance(event, SaleRecorded):
            assert sales.setdefault(event.event_id, event) == event
    assert len(sales) == ROWS - 30
    assert len(events) >= len(sales) + 5, "and a tick for each of the 5 stores"
    assert sum(round(sale.amount * 100) for sale in sales.values()) == sum((n % 90) * 100 + 50 for n in range(ROWS) if n % 1000 != 7)
    with Path(result["bad_file"]).open(encoding="utf-8") as bad:
        assert [json.loads(line)["row"] for line in bad] == [n + 1 for n in range(ROWS) if n % 1000 == 7]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.csv"], "There is no file"),
        (["sales.csv", "--mapping", "bad.toml"], "'a', which the source does not have"),
        (["sales.csv", "--mapping", "none.toml"], "cannot be read"),
        (["sales.csv", "--speed", "fast"], "600x"),
        ([], "Name one source"),
        (["--database", "sqlite://"], "Name one source"),
    ],
)
def test_foreseeable_errors_are_a_sentence_and_an_exit_code(kafka, tmp_path, monkeypatch, capsys, arguments, says):
    (tmp_path / "bad.toml").write_text('[columns]\nstore="s"\nitem="i"\nquantity="q"\namount="a"\n[time]\ncolumns=["t"]\n')
    (tmp_path / "sales.csv").write_text("s,i,q,t\n1,2,3,2026-01-01\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1")
    assert run("replay", arguments) == 2
    assert says in capsys.readouterr().err.replace("\n", " ")
