import contextlib
import sqlite3

import pytest

from producers.sources import database
from producers.sources.database import Query
from streams.contract.errors import ServerError, UsageError
from streams.contract.settings import Secret


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table sales (id integer, item text, quantity real)")
        connection.executemany("insert into sales values (?, ?, ?)", [(n, f"item {n % 3}", n / 2) for n in range(1, 101)])
    return Secret(f"sqlite:///{path}")


def test_a_query_gives_its_rows_in_runs(shop, monkeypatch):
    monkeypatch.setattr(database, "ROWS_AT_ONCE", 30)
    runs = list(Query(shop, "select * from sales order by id").read())
    assert [len(rows) for rows in runs] == [30, 30, 30, 10]
    assert [value for rows in runs for value in rows.columns["id"]] == list(range(1, 101))
    assert [number for rows in runs for number in rows.numbers] == list(range(1, 101))
    assert Query(shop, "select 1").once, "it is not run twice to see whether it is in order"


@pytest.mark.parametrize(
    ("url", "sql", "error", "says"),
    [
        (None, "select 1 from nowhere", (UsageError, ServerError), "nowhere"),
        ("no url", "select 1", UsageError, "no database URL"),
        ("cobol://x", "select 1", UsageError, "does not know"),
        ("sqlite:////no/such/folder/x.db", "select 1", ServerError, "unable to open"),
    ],
)
def test_what_is_wrong_is_told(shop, url, sql, error, says):
    with pytest.raises(error) as caught:
        list(Query(shop if url is None else Secret(url), sql).read())
    assert says in str(caught.value)


def test_the_password_is_never_shown():
    query = Query(Secret("mssql+pyodbc://user:hunter2@db/shop"), "select 1")
    assert "hunter2" not in repr(query)
    with pytest.raises(UsageError, match="driver for --database is not installed") as caught:
        list(query.read())
    assert "hunter2" not in str(caught.value)
