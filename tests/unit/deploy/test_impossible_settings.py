"""Settings that no server has to be asked about: every command that uses them says at once what is wrong, and nothing else."""

import pytest

from deploy import cli

COMMANDS = [
    ["worker", "--metrics-port", "0"], ["gateway"], ["consume"], ["replenish"], ["web"], ["charts"], ["verify"], ["doctor"],
    ["up"], ["deadletters", "list"], ["replay", "sales.csv"], ["announce", "closed.csv"], ["simulate", "--days", "1"],
    ["shelf", "define", "w.toml"],
]  # fmt: skip
SHELF = 'store = "a"\nshelf = "w"\nlevel_width = 1\nlevels = 1\n[[items]]\nitem = "b"\nwidth = 1\n'


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text("date,store,item,quantity,price\n2025-01-01 10:00,a,b,1,2\n")
    (tmp_path / "closed.csv").write_text("store,first_day,last_day,open\nberlin-1,2030-12-24,,no\n")
    (tmp_path / "w.toml").write_text(SHELF)
    monkeypatch.setattr(cli, "_set_up_logging", lambda: None)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    return tmp_path


WITHOUT_KAFKA, WITH_MONGODB = {"charts"}, {"charts", "consume", "doctor", "replenish", "up", "verify", "web"}


@pytest.mark.parametrize("command", [one for one in COMMANDS if one[0] not in WITHOUT_KAFKA], ids=lambda command: command[0])
def test_a_certificate_that_is_not_there_is_said(command, files, monkeypatch, capsys):
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("KAFKA_CA_FILE", "/nowhere/ca.pem")
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1")
    assert cli.run(command[0], command[1:]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "shelfcast: KAFKA_CA_FILE='/nowhere/ca.pem' cannot be read (No such file or directory): name a PEM file" in said


@pytest.mark.parametrize("command", [one for one in COMMANDS if one[0] in WITH_MONGODB], ids=lambda command: command[0])
def test_an_address_of_the_database_that_cannot_be_read_is_said(command, files, monkeypatch, capsys):
    monkeypatch.setenv("MONGODB_URI", "mongodb://user:hun/ter2@h")
    assert cli.run(command[0], command[1:]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "shelfcast: MONGODB_URI cannot be used (there is a / before the @): write mongodb://USER:PASSWORD@HOST" in said
    assert "ter2" not in said


def test_a_number_of_a_shelf_that_nothing_can_hold_is_said(files, capsys):
    (files / "w.toml").write_text(SHELF + f"max_facings = {10**19}\n")
    assert cli.run("shelf", ["check", "w.toml"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("shelfcast: ")
    assert "max_facings" in said
