import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producers.sources.building import Builder
from producers.sources.files import open_file
from producers.sources.guess import guess
from producers.sources.rows import Rows
from streams.contract.codec import decode_event
from streams.contract.errors import UsageError


def table(header, *lines):
    rows = [line.split("|") for line in lines]
    return Rows(range(1, len(rows) + 1), dict(zip(header.split("|"), map(list, zip(*rows, strict=True)), strict=True)))


CASES = {
    "an English export": (
        table(
            "InvoiceNo|StockCode|Quantity|InvoiceDate|UnitPrice|Country",
            "1|A|6|2010-12-01 08:26:00|2.55|UK",
            "2|B|-1|2010-12-02 08:26:00|1|UK",
        ),
        {"store": "UK", "item": "A", "quantity": 6.0, "unit_price": 2.55, "order_id": "1", "sold_at": 1291191960.0},
    ),
    "a German export": (
        table("Filiale|Artikel|Menge|Betrag|Datum|Uhrzeit", "Köln|Milch|2|2,38|31.12.2025|12:30", "Köln|Brot|1|3,10|13.01.2026|08:15"),
        {"store": "Köln", "item": "Milch", "quantity": 2.0, "amount": 2.38, "sold_at": 1767184200.0},
    ),
    "American dates": (
        table("date|sku|qty|price", "01/30/2026|a|1|2.5", "02/01/2026|b|1|2.5"),
        {"store": "shop", "item": "a", "sold_at": 1769731200.0},
    ),
    "daily units without money": (
        table("date|store_id|dept_id|sales", "2011-02-12|CA_1|FOODS|409", "2011-02-13|CA_1|FOODS|446"),
        {"quantity": 409.0, "unit_price": 0.0, "item": "FOODS"},
    ),
    "sales that are money": (
        table("date|product|sales", "2026-02-12|a|409.50", "2026-02-13|a|44.25"),
        {"quantity": 1.0, "amount": 409.5, "item": "a"},
    ),
    "names that say nothing": (
        table(
            "c1|c2|c3|c4",
            "2026-02-12 10:00|tea|2|9.98",
            "2026-02-12 11:00|tea|1|4.99",
            "2026-02-12 12:00|cake|1|3.50",
            "2026-02-12 12:00|cake|1|3.50",
        ),
        {"item": "tea", "quantity": 2.0, "amount": 9.98},
    ),
    "the older shape": (
        table("name|buy|profit|time", "2|50|20|1713000000", "3|5|2.5|1713000060"),
        {"item": "2", "quantity": 50.0, "profit": 20.0, "sold_at": 1713000000.0},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_columns_are_guessed_from_names_and_values(case):
    rows, expected = CASES[case]
    found = guess(rows)
    built = Builder(found.mapping).build(rows)
    assert built.bad == []
    event = decode_event(built.raws[0])
    assert {name: getattr(event, name) for name in expected} == expected
    for column in found.mapping.used():
        assert any(repr(column) in sentence for sentence in found.sentences), column


def test_the_zone_is_taken_for_times_without_offset():
    rows, _ = CASES["an English export"]
    built = Builder(guess(rows, "Europe/Berlin").mapping).build(rows)
    assert built.times[0] == 1291188360.0


def test_a_unique_event_id_is_used():
    rows = table("event_id|item|quantity|price|sold_at", "x1|a|1|1|2026-01-01T00:00:00Z", "x2|a|1|1|2026-01-01T00:00:00Z")
    built = Builder(guess(rows).mapping).build(rows)
    assert [decode_event(raw).event_id for raw in built.raws] == ["x1", "x2"]


@pytest.mark.parametrize("header", ["order_id|item_id|quantity|list_price", "age|gender"])
def test_without_a_time_it_asks_for_a_mapping(header):
    rows = table(header, "|".join(["1"] * (header.count("|") + 1)))
    with pytest.raises(UsageError, match="No column looks like the time of a sale"):
        guess(rows)


# ---------------------------------------------------------------------- one row a store and day

DAYS = [f"2015-07-{day:02d}" for day in range(31, 0, -1)]  # the newest first, as many exports are
WEEK = ["c", "a", "d"]


def chain(header, *cells, stores=("25", "35", "42")):
    """A row for each day and store; `cells` make the text of a column out of the day's and the store's number."""
    lines = [[date, name, *(cell(day, store) for cell in cells)] for day, date in enumerate(DAYS) for store, name in enumerate(stores)]
    return table(header, *map("|".join, lines))


def closed(day):
    return day % 7 == 5


def takings(day, store, low=9_000):
    return "0" if closed(day) else str(low + 2_000 * store + 137 * day)


OPEN = [
    lambda d, s: str(not closed(d)),
    lambda d, s: str(not closed(d)).lower()[0],
    lambda d, s: "no" if closed(d) else "yes",
    lambda d, s: str(int(not closed(d))),
]


@pytest.mark.parametrize("opened", OPEN, ids=["True", "t", "yes", "1"])
@pytest.mark.parametrize("low", [900, 30_000])
def test_a_chains_daily_sales_are_one_item_and_their_number_the_quantity(opened, low):
    rows = chain(
        "Date|Store|DayOfWeek|Open|Sales|Promo|StateHoliday|SchoolHoliday|StoreType|Assortment|CompetitionDistance",
        lambda day, store: str(day % 7 + 1),
        opened,
        lambda day, store: takings(day, store, low),
        lambda day, store: str(day % 14 < 5),
        lambda day, store: "a" if day == 3 else "0",
        lambda day, store: "1" if day < 20 else "0",
        lambda day, store: WEEK[store],
        lambda day, store: WEEK[-store],
        lambda day, store: f"{570 * store + 100}.5",
    )
    found = guess(rows)
    assert found.mapping.columns == {"store": "Store", "quantity": "Sales", "on_promotion": "Promo"}
    assert found.mapping.constants == {"item": "all", "unit_price": 0.0}
    assert found.mapping.open == "Open"
    said = " ".join(found.sentences)
    assert "at most one row a store and day" in said
    assert "'Sales': it is forecast as units, because no column has the number of pieces" in said
    built = Builder(found.mapping).build(rows)
    assert built.bad == []
    assert built.skipped["quantity is 0"] == 3 * sum(map(closed, range(31)))
    assert decode_event(built.raws[0]).quantity == low


@pytest.mark.parametrize("name", ["Umsatz", "revenue", "weekly_sales", "Sales", "x"])
def test_money_of_a_day_is_the_quantity_where_nothing_counts_pieces(name):
    money = lambda day, store: f"{1000 + 10 * day + store}.{day + 10}"  # noqa: E731
    rows = chain(f"date|store|weekday|open|{name}", lambda day, store: str(day % 7), lambda day, store: str(int(not closed(day))), money)
    found = guess(rows)
    assert found.mapping.columns == {"store": "store", "quantity": name}
    assert found.mapping.constants == {"item": "all", "unit_price": 0.0}
    assert decode_event(Builder(found.mapping).build(rows).raws[0]).quantity == 1000.1


def test_a_single_shop_needs_no_column_of_stores():
    rows = table("Datum|Umsatz|Wetter", *(f"{date}|{1000 + day},50|{'sonnig' if day % 3 else 'nass'}" for day, date in enumerate(DAYS)))
    found = guess(rows)
    assert found.mapping.columns == {"quantity": "Umsatz"}
    assert found.mapping.constants == {"item": "all", "unit_price": 0.0, "store": "shop"}
    assert "at most one row a day" in " ".join(found.sentences)


def test_what_was_paid_is_no_id():
    rows = table("date|paid", *(f"{date}|{1000 + 7 * day}" for day, date in enumerate(DAYS)))
    assert guess(rows).mapping.columns == {"quantity": "paid"}


def test_pieces_and_money_of_a_day_stay_what_they_are():
    rows = chain("date|store|units|revenue", lambda day, store: str(40 + day), lambda day, store: f"{100 + day}.25")
    mapping = guess(rows).mapping
    assert mapping.columns == {"store": "store", "quantity": "units", "amount": "revenue"}
    assert mapping.constants == {"item": "all"}


def test_two_rows_of_a_store_and_day_need_an_item_and_a_flag_is_none():
    rows = table(
        "date|store|member|what|units|paid",
        *(
            f"{date}|1|{flag}|{what}|{2 + day % 3}|{3 + day}.20"
            for day, date in enumerate(DAYS)
            for flag, what in (("yes", "tea"), ("no", "cake"))
        ),
    )
    found = guess(rows)
    assert found.mapping.columns == {"store": "store", "item": "what", "quantity": "units", "amount": "paid"}
    assert "item is the column 'what', because its values are names that come again" in " ".join(found.sentences)
    with pytest.raises(UsageError, match="No column looks like the item"):
        guess(table("date|store|member|paid", *(f"{date}|1|{flag}|3.20" for date in DAYS for flag in ("yes", "no"))))


def test_one_receipt_a_day_is_no_total_of_a_day():
    rows = table("date|store|receipt|what|paid", *(f"{date}|1|{day}|{('tea', 'cake')[day % 2]}|3.20" for day, date in enumerate(DAYS)))
    assert guess(rows).mapping.columns == {"store": "store", "order_id": "receipt", "item": "what", "amount": "paid"}


def test_whole_sales_of_items_may_be_large():
    rows = table("date|store|product|sales", *(f"{date}|1|{item}|{20_000 + day}" for day, date in enumerate(DAYS) for item in ("a", "b")))
    assert guess(rows).mapping.columns["quantity"] == "sales"


# ---------------------------------------------------------------------- flags in files with items


def with_items(**columns):
    """A day, an item twice and money, and in between the columns given, each as its values of a row's number."""
    count = 2 * len(DAYS)
    held = {name: [value(n) for n in range(count)] for name, value in columns.items()}
    dates, items = [DAYS[n // 2] for n in range(count)], [("tea", "cake")[n % 2] for n in range(count)]
    return Rows(range(1, count + 1), {"date": dates, "item": items, **held, "paid": [f"{3 + n % 5}.20" for n in range(count)]})


@pytest.mark.parametrize("name", ["member", "sold", "quantity"])
@pytest.mark.parametrize("kind", [list, np.array], ids=["list", "array"])
def test_true_and_false_are_never_a_quantity_whatever_their_name(name, kind):
    rows = with_items(**{name: lambda n: n % 3 == 0}, pieces=lambda n: 2 + n % 4)
    rows.columns[name] = kind(rows.columns[name])
    assert guess(rows).mapping.columns["quantity"] == "pieces"
    del rows.columns["pieces"]
    assert guess(rows).mapping.constants["quantity"] == 1.0


@pytest.mark.parametrize("values", [lambda n: str(n % 2), lambda n: n % 2], ids=["text", "number"])
def test_noughts_and_ones_are_no_quantity_without_its_name(values):
    rows = with_items(weekend=values)
    found = guess(rows).mapping
    assert "quantity" not in found.columns
    assert found.constants["quantity"] == 1.0
    assert guess(with_items(units=values)).mapping.columns["quantity"] == "units"


def test_a_part_of_the_date_is_no_quantity_of_items():
    assert guess(with_items(month=lambda _: "7", dow=lambda n: str(n // 2 % 7))).mapping.constants["quantity"] == 1.0


def test_a_boolean_column_of_parquet_is_no_quantity(tmp_path):
    rows = with_items(online=lambda n: n % 3 == 0)
    pq.write_table(pa.table(dict(rows.columns)), tmp_path / "sales.parquet")
    first = next(open_file(tmp_path / "sales.parquet").read())
    assert "quantity" not in guess(first).mapping.columns


def test_stores_of_one_name_in_several_countries_are_as_many_stores():
    """One row a day, country, store and product, as in a chain's export."""
    kinds = [(c, s, p) for c in ("Belgium", "Spain") for s in ("KaggleMart", "KaggleRama") for p in ("mug", "hat")]
    lines = (f"{n}|2026-01-0{1 + n // 8}|{'|'.join(kind)}|{n + 1}" for n, kind in enumerate(kinds * 2))
    rows = table("row_id|date|country|store|product|num_sold", *lines)
    guessed = guess(rows)
    assert guessed.mapping.joined == {"store": ("country", "store")}
    assert "one name stands in more than one country" in guessed.told["store"]
    assert "by its name" not in guessed.told["store"], "what was said of the store before no longer holds"
    sales = [decode_event(raw) for raw in Builder(guessed.mapping).build(rows).raws]
    assert {sale.store for sale in sales} == {f"{c} {s}" for c in ("Belgium", "Spain") for s in ("KaggleMart", "KaggleRama")}
    assert {sale.item for sale in sales} == {"mug", "hat"}
    assert [sale.quantity for sale in sales] == list(range(1, 17))


def test_the_region_of_a_store_is_no_part_of_its_name():
    rows = table("date|region|store|product|qty|price", *(f"2026-01-0{n}|{'NS'[n % 2]}|{n % 2}|{p}|1|2.5" for n in (1, 2, 3) for p in "ab"))
    guessed = guess(rows).mapping
    assert guessed.columns["store"] == "store"
    assert not guessed.joined


def test_a_number_that_counts_the_rows_is_no_quantity():
    rows = table(
        "row_id|n|date|product|x1|price", *(f"{n}|{n + 100}|2026-01-0{n}|{p}|{n * n}|2.5" for n, p in ((1, "a"), (2, "b"), (3, "a")))
    )
    assert guess(rows).mapping.columns["quantity"] == "x1"
