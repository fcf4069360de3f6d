"""Users, the key of their sessions and the record of changes, in a MongoDB."""

import pytest
from pymongo import MongoClient

from charts.web.people.records import records_at
from charts.web.people.users import WRONG_BEFORE_LOCK, is_password, new_user
from deploy import cli
from streams.contract.documents import AUDIT, COLLECTIONS, USERS, WEB_KEYS
from streams.contract.errors import UsageError

PASSWORD = "correct horse battery"


def test_users_are_kept_locked_and_removed(mongo, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(cli, "_set_up_logging", lambda: None)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    monkeypatch.setenv("MONGODB_URI", mongo.uri.reveal())
    monkeypatch.setenv("MONGODB_DATABASE", mongo.database)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    with (tmp_path / "password").open() as given:
        monkeypatch.setattr("sys.stdin", given)
        assert cli.run("users", ["add", "anna", "--role", "manager", "--store", "berlin-1"]) == 0
    assert cli.run("users", ["list", "--json"]) == 0
    out = capsys.readouterr().out
    assert '"manager"' in out
    assert "argon2" not in out + PASSWORD
    with records_at(mongo) as records:
        anna = records.user("anna")
        assert (anna.role, anna.stores, is_password(anna, PASSWORD)) == ("manager", ("berlin-1",), True)
        with pytest.raises(UsageError, match="already"):
            records.add(new_user("anna", "viewer", [], PASSWORD))
        for _ in range(WRONG_BEFORE_LOCK - 1):
            records.wrong_password("anna", 1000.0)
        assert records.user("anna").locked_until == 0
        records.wrong_password("anna", 1000.0)
        assert records.user("anna").locked_until > 1000
        records.right_password("anna")
        assert records.user("anna").locked_until == 0
        records.end_sessions("anna")
        assert records.user("anna").session != anna.session
        key = records.session_key()
        assert len(key.reveal()) > 40
        with records_at(mongo) as others:
            assert others.session_key() == key
    assert cli.run("users", ["remove", "anna"]) == 0
    assert cli.run("users", ["remove", "anna"]) == 2
    with MongoClient(mongo.uri.reveal()) as client:
        noted = [(one["did"], one["status"]) for one in client[mongo.database][AUDIT].find()]
    assert noted == [("users add anna", 0), ("users remove anna", 0)]


def test_people_outlive_the_log():
    assert not {USERS, WEB_KEYS, AUDIT} & set(COLLECTIONS)
