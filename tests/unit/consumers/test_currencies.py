"""Money of several currencies is kept and recounted by currency, and never added."""

import pytest

from consumers.statistics.fold import applied, empty
from streams.contract.documents import MOST_CURRENCIES, money_of
from tests.support.shop import accepted

KEY = (0, "Basel", "milk", "2025-01")


def fold(*sales, document=None):
    return applied(document or empty(KEY), list(sales))


def test_each_currency_has_sums_of_its_own():
    document = fold(
        accepted(1, currency="CHF", revenue_micros=10, profit_micros=4),
        accepted(2, currency="EUR", revenue_micros=200, profit_micros=None),
        accepted(3, currency="CHF", revenue_micros=30, profit_micros=5, quantity=-1.0),
        accepted(4, currency=None, revenue_micros=4000, profit_micros=1),
        accepted(5, currency="EUR", revenue_micros=500, profit_micros=6, business_date="2025-01-09"),
    )
    assert money_of(document) == {"CHF": [40, 9, 2, 2], "EUR": [700, 6, 1, 2], None: [4000, 1, 1, 1]}
    assert money_of(document, "01") == {"CHF": [40, 9, 2, 2], "EUR": [200, 0, 0, 1], None: [4000, 1, 1, 1]}
    assert money_of(document, "09") == {"EUR": [500, 6, 1, 1]}
    assert document["days"]["01"][0] == 5000
    assert document["total"][3:5] == [4, 1]


def test_one_currency_is_kept_as_before():
    document = fold(accepted(1, currency="EUR"), accepted(2, currency="EUR"))
    assert document["others"] == []
    assert document["currency"] == "EUR"
    assert document["days"]["01"][1] == 4_760_000
    assert "mixed_to" not in document


def test_sums_of_another_currency_stay_exact_beyond_64_bits():
    huge = 2**62
    sales = [accepted(n, currency="EUR" if n == 1 else "HUF", revenue_micros=huge) for n in range(1, 6)]
    document = fold(*sales)
    assert isinstance(document["others"][0]["total"][0], str)
    assert money_of(document)["HUF"][0] == 4 * huge
    assert fold(sales[4], document=fold(*sales[:4])) == document


def test_the_document_folded_into_is_left_as_it_was():
    before = fold(accepted(1, currency="EUR"), accepted(2, currency="CHF"))
    kept = repr(before)
    fold(accepted(3, currency="CHF"), document=before)
    assert repr(before) == kept


def test_no_choice_of_codes_makes_a_document_grow_without_end():
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    codes = [f"{a}{b}X" for a in letters for b in letters]
    sales = [accepted(n + 1, currency=code) for n, code in enumerate(codes)]
    document = fold(*sales)
    money = money_of(document)
    assert len(money) == MOST_CURRENCIES + 1
    assert money[None][3] == len(codes) - MOST_CURRENCIES
    assert sum(row[0] for row in money.values()) == sum(sale.revenue_micros for sale in sales)


def first_format(*sales):
    """A document as the first format had it: all money in one sum, under the currency named last."""
    document = fold(*(accepted(sale.seq, currency=None) for sale in sales))
    return {name: value for name, value in document.items() if name != "others"} | {"currency": sales[-1].currency}


@pytest.mark.parametrize("then", ["EUR", "CHF", None])
def test_a_document_of_the_first_format_goes_on(then):
    before = first_format(accepted(1, currency="EUR"), accepted(2, currency="EUR"))
    assert money_of(before) == {"EUR": [4_760_000, 800_000, 2, 2]}
    assert fold(accepted(2, currency=then), document=before) is before
    after = fold(accepted(3, currency=then), document=before)
    assert after["mixed_to"] == before["v"]
    expected = {"EUR": [4_760_000, 800_000, 2, 2]}
    expected[then] = [mine + more for mine, more in zip(expected.get(then, [0] * 4), [2_380_000, 400_000, 1, 1], strict=True)]
    assert money_of(after) == expected
    assert fold(accepted(4, currency=then), document=after)["mixed_to"] == before["v"]
