from consumers.statistics.fold import STORE_ORDERS_REMEMBERED, applied, by_item, by_store, empty
from streams.contract.documents import DAY_COLUMNS, exact
from tests.support.shop import accepted

KEY = (0, "Berlin", "milk", "2025-01")


def fold(*sales):
    return applied(empty(KEY), list(sales))


def row(document, day="01"):
    return dict(zip(DAY_COLUMNS, document["days"][day], strict=True))


def test_a_day_adds_up_exactly():
    document = fold(accepted(1, quantity=0.345, revenue_micros=1), accepted(2, quantity=2.0, revenue_micros=2**53 + 1))
    assert row(document) == {
        "units_thousandths": 2345,
        "revenue_micros": 2**53 + 2,
        "profit_micros": 800_000,
        "sales": 2,
        "returns": 0,
        "returned_thousandths": 0,
        "orders": 0,
        "profit_lines": 2,
    }
    assert document["v"] == 4


def test_a_return_lowers_units_and_money_and_is_no_sale():
    document = fold(accepted(1), accepted(2, quantity=-2.0, revenue_micros=-2_380_000, profit_micros=-400_000))
    day = row(document)
    assert (day["units_thousandths"], day["revenue_micros"], day["profit_micros"]) == (0, 0, 0)
    assert (day["sales"], day["returns"], day["returned_thousandths"]) == (1, 1, 2000)
    assert sum(document["hours"]) == 1


def test_a_late_sale_goes_to_its_own_day():
    document = fold(accepted(1, business_date="2025-01-20"), accepted(2, business_date="2025-01-03"))
    assert row(document, "03")["sales"] == 1
    assert row(document, "20")["sales"] == 1


def test_months_have_documents_of_their_own():
    sales = [accepted(1), accepted(2, business_date="2025-02-01"), accepted(3, item="bread")]
    assert {key[2:] for key in by_item(sales)} == {("milk", "2025-01"), ("milk", "2025-02"), ("bread", "2025-01")}
    assert {key[2:] for key in by_store(sales)} == {("", "2025-01"), ("", "2025-02")}


def test_hours_count_from_monday_in_the_stores_time():
    document = fold(accepted(1, business_date="2025-01-05", hour=23))  # a Sunday
    assert document["hours"].index(1) == 6 * 24 + 23


def test_unknown_profit_is_not_a_profit_of_nothing():
    day = row(fold(accepted(1, profit_micros=None), accepted(2)))
    assert (day["profit_micros"], day["profit_lines"]) == (400_000, 1)


def test_an_order_counts_once_though_tills_take_turns():
    lines = [accepted(n + 1, order_id=f"till {n % 3} order {n // 9}") for n in range(27)]
    assert row(fold(*lines))["orders"] == 9


def test_an_order_is_forgotten_after_so_many_others():
    key = (0, "Berlin", "", "2025-01")
    others = [accepted(n + 2, order_id=f"order {n}") for n in range(STORE_ORDERS_REMEMBERED)]
    document = applied(empty(key), [accepted(1, order_id="first"), *others, accepted(999, order_id="first")])
    assert row(document)["orders"] == STORE_ORDERS_REMEMBERED + 2
    assert len(document["orders"]) == STORE_ORDERS_REMEMBERED


def test_what_a_document_holds_is_not_added_again():
    sales = [accepted(n) for n in range(1, 6)]
    once = fold(*sales)
    assert applied(once, sales) is once
    assert applied(once, [sales[4], accepted(6)]) == fold(*sales, accepted(6))


def test_the_document_folded_into_is_left_as_it_was():
    before = fold(accepted(1))
    kept = repr(before)
    applied(before, [accepted(2), accepted(3, business_date="2025-01-09")])
    assert repr(before) == kept


def test_sums_beyond_64_bits_stay_exact():
    huge = 2**62
    document = fold(*(accepted(n, revenue_micros=huge) for n in range(1, 5)))
    stored = row(document)["revenue_micros"]
    assert isinstance(stored, str)
    assert exact(stored) == 4 * huge
    assert exact(row(applied(document, [accepted(9, revenue_micros=-3 * huge)]))["revenue_micros"]) == huge


def test_names_are_only_ever_values():
    hostile = "$where.a\x1fb"
    document = applied(empty((0, hostile, hostile, "2025-01")), [accepted(1, store=hostile, item=hostile)])
    fields = set(document) | set(document["days"])
    assert not any("$" in name or "." in name for name in fields)


def test_ids_cannot_be_made_equal_by_names():
    keys = [
        (0, "a", "b", "2025-01"),
        (0, 'a","b', "", "2025-01"),
        (0, "a", 'b"', "2025-01"),
        (0, "a,b", "", "2025-01"),
        (1, "a", "b", "2025-01"),
    ]
    assert len({empty(key)["_id"] for key in keys}) == len(keys)
