import pytest

from producers.sources.mapping import Group, Identity, Mapping, Skip, Time, mapping_of, written
from streams.contract.errors import UsageError

MINIMAL = '[columns]\nstore = "s"\nitem = "i"\nquantity = "q"\namount = "a"\n[time]\ncolumns = ["t"]\n'


def test_what_is_written_reads_back_the_same():
    mapping = Mapping(
        time=Time(("day", "clock"), "%d.%m.%Y %H:%M", "Europe/Berlin"),
        columns={"store": "Filiale Nr.", "item": 'a "quoted" name', "amount": "Betrag"},
        joined={"order_id": ("Kasse", "Bon")},
        constants={"quantity": 1.0, "on_promotion": True, "unit_cost": 0.0},
        event_id=Identity("columns", ("bon", "zeile"), "x-"),
        margin=0.25,
        open="auf?",
        decimal=",",
        skip=(Skip("art", "a deposit", equals=("Pfand", "")), Skip("Betrag", "nothing paid", at_most=0.0, missing=True)),
        groups={"store": Group({"1": "north", "2": "north"}, "elsewhere")},
    )
    assert mapping_of(written(mapping, "two\nlines")) == mapping


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MINIMAL.replace('store = "s"', 'shop = "s"'), "'shop', which sales do not have: use one of store, item"),
        (MINIMAL.replace('quantity = "q"\n', ""), "says nothing of quantity"),
        (MINIMAL.replace('amount = "a"\n', ""), "has no money"),
        ("margin = 25.0\n" + MINIMAL, "a share of the amount from 0 to 1"),
        (MINIMAL + 'zone = "Berlin"\n', "tz database"),
        (MINIMAL + '[event_id]\nkind = "columns"\n', "columns = [...]"),
        (MINIMAL + '[joined]\nstore = ["a", "b"]\n', "not under [columns] too"),
        (MINIMAL + '[joined]\norder_id = ["a"]\n', "two or more columns"),
        (MINIMAL + '[joined]\nunit_price = ["a", "b"]\n', "columns of text"),
        (MINIMAL + "[tiem]\n", "tiem"),
        ("not toml", "not as it should be"),
    ],
)
def test_a_wrong_mapping_is_told_what_to_change(text, says):
    with pytest.raises(UsageError) as caught:
        mapping_of(text)
    assert says in str(caught.value)


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UsageError) as caught:
        mapping_of(MINIMAL).check_columns(["s", "i", "menge", "a", "t"])
    assert "quantity from the column 'q'" in str(caught.value)
    assert "menge" in str(caught.value)
    with pytest.raises(UsageError, match="open from the column 'Offen'"):
        mapping_of('open = "Offen"\n' + MINIMAL).check_columns(["s", "i", "q", "a", "t"])
    with pytest.raises(UsageError, match="order_id from the column 'Kasse'"):
        mapping_of(MINIMAL + '[joined]\norder_id = ["Kasse", "a"]\n').check_columns(["s", "i", "q", "a", "t"])
