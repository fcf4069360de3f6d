"""Names of people leave a producer as keyed pseudonyms, or not at all changed."""

import json
import time

import pytest

from producers.gateway.checks import check
from producers.sources.building import Builder
from producers.sources.mapping import Identity, Mapping, Time
from producers.sources.rows import Rows
from producers.sources.wire import WireBuilder, _event
from streams.contract.codec import decode_event
from streams.contract.errors import SettingsError
from streams.contract.pseudonyms import PrivacySettings, Pseudonyms
from streams.contract.settings import Secret

MINE, OTHER = Pseudonyms(Secret("k" * 16)), Pseudonyms(Secret("K" * 100))
SALE = {
    "type": "sale-recorded.v1", "event_id": "1", "store": "s", "item": "i", "quantity": 1, "unit_price": 1.5, "sold_at": 1.75e9,
    "customer": "Ada Lovelace", "cashier": "Ada Lovelace", "till": "own field",
}  # fmt: skip


def sent(raws):
    return [json.loads(raw) for raw in raws]


def test_a_name_has_one_pseudonym_under_a_key_and_others_elsewhere():
    one = MINE.of("customer", "Ada Lovelace")
    assert one == Pseudonyms(Secret("k" * 16)).of("customer", "Ada Lovelace")
    assert len({one, MINE.of("cashier", "Ada Lovelace"), OTHER.of("customer", "Ada Lovelace"), MINE.of("customer", "ada lovelace")}) == 4
    assert "Ada" not in one
    assert decode_event(json.dumps(SALE | {"customer": one}).encode()).customer == one


def test_a_pseudonym_that_is_sent_again_stays():
    one = MINE.of("customer", "Ada Lovelace")
    assert MINE.of("customer", one) == one


def test_the_gateway_replaces_names_and_keeps_the_rest():
    line = json.dumps(SALE).encode()
    checked, errors = check([line], time.time(), sales_only=True, max_depth=9, pseudonyms=MINE)
    assert not errors
    [got] = sent(checked.raws)
    assert (got["customer"], got["cashier"]) == (MINE.of("customer", "Ada Lovelace"), MINE.of("cashier", "Ada Lovelace"))
    assert {name: got[name] for name in SALE if name not in ("customer", "cashier")} == {
        name: value for name, value in SALE.items() if name not in ("customer", "cashier")
    }


@pytest.mark.parametrize("pseudonyms", [None, MINE])
def test_a_line_that_names_nobody_keeps_its_bytes(pseudonyms):
    line = json.dumps({name: value for name, value in SALE.items() if name not in ("customer", "cashier")}).encode()
    checked, _ = check([line], time.time(), sales_only=True, max_depth=9, pseudonyms=pseudonyms)
    assert checked.raws == [line]
    named = json.dumps(SALE).encode()
    assert check([named], time.time(), sales_only=True, max_depth=9)[0].raws == [named]


def test_a_replay_replaces_columns_and_events():
    columns = {"store": ["s", "s"], "item": ["i", "i"], "n": [1, 2], "p": [1.5, 2.5], "who": ["Ada", None], "at": [1.75e9, 1.75e9]}
    mapping = Mapping(
        columns={"store": "store", "item": "item", "quantity": "n", "unit_price": "p", "customer": "who"},
        time=Time(columns=("at",), format="epoch_seconds"), event_id=Identity(kind="row"),
    )  # fmt: skip
    first, second = sent(Builder(mapping, pseudonyms=MINE).build(Rows([1, 2], columns)).raws)
    assert first["customer"] == MINE.of("customer", "Ada")
    assert "customer" not in second
    at, read = _event(json.dumps(SALE).encode())
    [wire] = sent(WireBuilder(pseudonyms=MINE).build(Rows([1], {"at": [at], "read": [read]})).raws)
    assert wire["customer"] == MINE.of("customer", "Ada Lovelace")


def test_a_key_comes_from_a_file_and_a_short_one_is_refused(tmp_path):
    file = tmp_path / "key"
    file.write_text("k" * 16 + "\n")
    found = PrivacySettings.read({"SHELFCAST_PSEUDONYM_KEY_FILE": str(file)}).pseudonyms()
    assert found is not None
    assert found.of("customer", "Ada") == MINE.of("customer", "Ada")
    assert PrivacySettings.read({}).pseudonyms() is None
    with pytest.raises(SettingsError, match="at least 16"):
        PrivacySettings.read({"SHELFCAST_PSEUDONYM_KEY": "short"})
