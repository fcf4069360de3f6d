import pytest

from producers.building import Builder
from producers.guess import guess
from producers.rows import Rows
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
