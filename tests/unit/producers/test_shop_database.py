"""A shop's own tables, joined by a mapping and read on from where the last replay stopped: nothing twice, nothing left out."""

import json
import os
import shutil
import sqlite3
import subprocess
from dataclasses import replace

import pytest
import sqlalchemy

from producers.replay.ledger import Ledger
from producers.replay.replay import Replay, ReplayOptions
from producers.sources.building import Builder
from producers.sources.mapping import mapping_of, read_mapping, written
from producers.sources.shop_database import Mark, ShopDatabase, earlier, value_of
from producers.sources.shops import SHOPS
from streams.contract.errors import ServerError, UsageError
from streams.contract.settings import Secret

BIKES = read_mapping(SHOPS["bikestores"])
NORTHWIND = read_mapping(SHOPS["northwind"])

BIKE_TABLES = {
    "customers": "customer_id INTEGER, first_name VARCHAR(40), last_name VARCHAR(40)",
    "stores": "store_id INTEGER, store_name VARCHAR(40)",
    "staffs": "staff_id INTEGER, first_name VARCHAR(40), last_name VARCHAR(40), store_id INTEGER",
    "brands": "brand_id INTEGER, brand_name VARCHAR(40)",
    "categories": "category_id INTEGER, category_name VARCHAR(40)",
    "products": "product_id INTEGER, product_name VARCHAR(40), brand_id INTEGER, category_id INTEGER",
    "stocks": "store_id INTEGER, product_id INTEGER, quantity INTEGER",
    "orders": "order_id INTEGER, customer_id INTEGER, order_status INTEGER, order_date DATE, store_id INTEGER, staff_id INTEGER",
    "order_items": (
        "order_id INTEGER, item_id INTEGER, product_id INTEGER, quantity INTEGER, list_price DECIMAL(10,2), discount DECIMAL(4,2)"
    ),
}
BIKE_ROWS = {
    "customers": ["1, 'Debra', 'Burks'", "2, 'Kasha', 'Todd'"],
    "stores": ["1, 'Santa Cruz'", "2, 'Baldwin'"],
    "staffs": ["2, 'Mireya', 'Copeland', 1", "6, 'Marcelene', 'Boyer', 2"],
    "brands": ["9, 'Trek'"],
    "categories": ["6, 'Mountain Bikes'", "3, 'Cruisers'"],
    "products": ["1, 'Trek 820', 9, 6", "2, 'Townie', 9, 3"],
    "stocks": ["1, 1, 27"],
    "orders": ["1, 1, 4, '2026-01-01', 1, 2", "2, 2, 4, '2026-01-01', 2, 6", "3, 1, 3, '2026-01-02', 1, 2"],
    "order_items": ["1, 1, 1, 2, 379.99, 0.20", "1, 2, 2, 1, 599.99, 0.07", "2, 1, 2, 1, 599.99, 0.05", "3, 1, 1, 1, 379.99, 0"],
}
LATER = {
    "orders": ["4, 2, 4, '2026-01-02', 2, 6", "5, 1, 4, '2025-12-30', 1, 2"],
    "order_items": ["4, 1, 1, 1, 379.99, 0.10", "5, 1, 2, 3, 599.99, 0", "2, 2, 1, 1, 379.99, 0"],
}
NORTHWIND_TABLES = {
    "customers": "CustomerID INTEGER, CustomerName VARCHAR(40)",
    "employees": "EmployeeID INTEGER, LastName VARCHAR(40), FirstName VARCHAR(40)",
    "shippers": "ShipperID INTEGER, ShipperName VARCHAR(40)",
    "suppliers": "SupplierID INTEGER, SupplierName VARCHAR(40)",
    "categories": "CategoryID INTEGER, CategoryName VARCHAR(40)",
    "products": "ProductID INTEGER, ProductName VARCHAR(40), SupplierID INTEGER, CategoryID INTEGER, Price DECIMAL(10,2)",
    "orders": "OrderID INTEGER, CustomerID INTEGER, EmployeeID INTEGER, OrderDate DATE, ShipperID INTEGER",
    "order_details": "OrderDetailID INTEGER, OrderID INTEGER, ProductID INTEGER, Quantity INTEGER",
}
NORTHWIND_ROWS = {
    "customers": ["90, 'Wilman Kala'"],
    "employees": ["5, 'Buchanan', 'Steven'"],
    "shippers": ["3, 'Federal Shipping'"],
    "suppliers": ["5, 'Queso'"],
    "categories": ["4, 'Dairy Products'"],
    "products": ["11, 'Queso Cabrales', 5, 4, 21.35"],
    "orders": ["10248, 90, 5, '1996-07-04', 3"],
    "order_details": ["1, 10248, 11, 12"],
}


def fill(url, rows, tables=None):
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for name, columns in (tables or {}).items():
            connection.execute(sqlalchemy.text(f"CREATE TABLE {name} ({columns})"))
        for name, values in rows.items():
            for one in values:
                connection.execute(sqlalchemy.text(f"INSERT INTO {name} VALUES ({one})"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The URL of a PostgreSQL of the test's own, without a port on the network."""
    binary = shutil.which("postgres")
    if binary is None or shutil.which("initdb") is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql, with initdb and postgres on the path.")
    folder = tmp_path_factory.mktemp("postgres")
    folder.chmod(0o777)
    as_user = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        try:
            shutil.chown(folder, "nobody")
            as_user = {"user": "nobody"}
        except (LookupError, PermissionError):
            pytest.skip("PostgreSQL does not run as root, and there is no user to run it as.")
        for parent in folder.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o055)
    data = folder / "data"
    made = subprocess.run(["initdb", "-D", data, "-U", "shop", "--auth=trust", "-E", "UTF8", "--no-sync"], capture_output=True, **as_user)
    if made.returncode:
        pytest.skip(f"PostgreSQL cannot be started here: {made.stderr.decode()[-200:]}")
    command = [binary, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_user)
    try:
        url = f"postgresql+psycopg://shop@/postgres?host={folder}"
        subprocess.run(["pg_isready", "-h", folder, "-t", "15"], stdout=subprocess.DEVNULL, timeout=20, check=False)
        for _ in range(100):
            if subprocess.run(["pg_isready", "-q", "-h", folder], check=False).returncode == 0:
                break
        yield url
    finally:
        server.terminate()
        server.wait(15)


@pytest.fixture(params=["sqlite", "postgres"])
def bikes(request, tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    fill(url, BIKE_ROWS, BIKE_TABLES)
    yield url
    if request.param == "postgres":
        fill(url, {}, {})
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            for name in BIKE_TABLES:
                connection.execute(sqlalchemy.text(f"DROP TABLE {name}"))
        engine.dispose()


def read(url, mapping, since=""):
    """The sales beyond a mark, the reasons of skipped rows, and the next mark."""
    builder, sales, skipped = Builder(mapping), [], 0
    for rows in ShopDatabase(Secret(url), mapping.database, since).read():
        built = builder.build(rows)
        assert built.bad == []
        sales += map(json.loads, built.raws)
        skipped += sum(built.skipped.values())
        since = built.mark or since
    return sales, skipped, since


def test_tables_are_joined_and_only_what_is_new_is_read_again(bikes):
    sales, skipped, mark = read(bikes, BIKES)
    assert skipped == 1
    assert [sale["event_id"] for sale in sales] == ["bikestores-1-1", "bikestores-1-2", "bikestores-2-1"]
    first = sales[0]
    assert {name: first[name] for name in ("store", "item", "category", "customer", "cashier", "order_id", "quantity")} == {
        "store": "Santa Cruz", "item": "Trek 820", "category": "Mountain Bikes", "customer": "1", "cashier": "Mireya Copeland",
        "order_id": "1", "quantity": 2,
    }  # fmt: skip
    assert first["amount"] == pytest.approx(2 * 379.99 * 0.8)
    assert first["sold_at"] == 1_767_225_600
    assert read(bikes, BIKES, mark)[:2] == ([], 0)
    fill(bikes, LATER)  # of the same day as the newest, of the week before, and one more line of an old order
    sales, _, mark = read(bikes, BIKES, mark)
    assert sorted(sale["event_id"] for sale in sales) == ["bikestores-2-2", "bikestores-4-1", "bikestores-5-1"]
    assert read(bikes, BIKES, mark)[0] == []


def test_northwind_is_read_with_its_own_names_and_moved_beyond_2000(tmp_path):
    url = f"sqlite:///{tmp_path}/northwind.db"
    fill(url, NORTHWIND_ROWS, NORTHWIND_TABLES)
    [sale], _, _ = read(url, NORTHWIND)
    assert (sale["item"], sale["customer"], sale["cashier"]) == ("Queso Cabrales", "Wilman Kala", "Steven Buchanan")
    assert (sale["channel"], sale["unit_price"], sale["quantity"]) == ("Federal Shipping", 21.35, 12)
    assert sale["sold_at"] == 1_720_051_200  # 2024-07-04, a Thursday as 1996-07-04


@pytest.mark.parametrize("mapping", [BIKES, NORTHWIND])
def test_a_ready_mapping_reads_back_as_written(mapping):
    assert mapping_of(written(mapping)) == mapping


def test_marks_keep_their_kind():
    assert str(value_of(Mark("date", "2026-01-02"))) == "2026-01-02"
    assert value_of(Mark("int", "12")) == 12
    assert earlier("2026-01-02", 7) == "2025-12-26"
    assert earlier("2026-01-02 10:00:00", 1) == "2026-01-01 10:00:00"
    assert earlier(12, 5) == 7
    with pytest.raises(UsageError, match="leave overlap out"):
        earlier("A-12", 7)


def test_what_is_wrong_is_said(tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db"
    fill(url, BIKE_ROWS, BIKE_TABLES)
    text = SHOPS["bikestores"].read_text()
    with pytest.raises((UsageError, ServerError), match="changed_at"):
        read(url, mapping_of(text.replace('watermark = "order_date"', 'watermark = "changed_at"')))
    with pytest.raises(UsageError, match="never empty"):
        with sqlite3.connect(tmp_path / "shop.db") as connection:
            connection.execute("UPDATE orders SET order_date = NULL WHERE order_id = 1")
        read(url, BIKES)
    with pytest.raises(UsageError, match="ids that stay"):
        mapping_of(text.replace('kind = "columns"', 'kind = "row"').replace('columns = ["order_id", "item_id"]\n', ""))


def test_a_replay_that_is_repeated_sends_only_what_is_new(tmp_path, memory_publisher):
    url = f"sqlite:///{tmp_path}/shop.db"
    fill(url, BIKE_ROWS, BIKE_TABLES)

    def replayed(**options):
        source = ShopDatabase(Secret(url), BIKES.database)
        ledger = Ledger(tmp_path / "progress", source, BIKES)
        source = replace(source, since=ledger.read_on())
        before = len(memory_publisher.messages)
        done = Replay(source, BIKES, memory_publisher, options=ReplayOptions(close_days=False, **options), ledger=ledger).run()
        return done, [json.loads(raw)["event_id"] for _, raw, _ in memory_publisher.messages[before:]]

    assert replayed(limit=1)[1] == ["bikestores-1-1"]  # stopped within a run: it is sent again, under the same ids
    done, sent = replayed()
    assert sent == ["bikestores-1-1", "bikestores-1-2", "bikestores-2-1"]
    assert (done.published, done.skipped, done.finished) == (3, {"rejected order": 1}, True)
    assert replayed()[1] == []
    fill(url, LATER)
    assert sorted(replayed()[1]) == ["bikestores-2-2", "bikestores-4-1", "bikestores-5-1"]
    assert replayed()[1] == []
