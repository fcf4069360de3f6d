"""Who may come in to an HTTP server."""

import base64

import pytest

from streams.contract.errors import SettingsError
from streams.http.access import Keyring, RefusedError, bearer, bearer_or_password, check_keys, check_local

KEY = "a" * 20


def test_a_key_is_known_by_all_of_it_and_nothing_else():
    ring = Keyring([KEY, "b" * 20])
    assert (ring.owner(KEY), ring.owner("b" * 20)) == ("key:0", "key:1")
    for shown in ("", "a" * 19, "a" * 21, "é" * 20, "\udcff"):
        assert ring.owner(shown) is None
    assert ring
    assert not Keyring([])


def test_a_browser_shows_the_key_as_a_password_where_that_is_taken():
    basic = "Basic " + base64.b64encode(f"anyone:{KEY}".encode()).decode()
    assert (bearer(f"Bearer {KEY}"), bearer(f"bearer  {KEY} "), bearer(basic), bearer("")) == (KEY, KEY, "", "")
    assert (bearer_or_password(basic), bearer_or_password(f"Bearer {KEY}")) == (KEY, KEY)
    for broken in ("Basic %%%", "Basic /w==", "Basic", "Digest x", ""):
        assert bearer_or_password(broken) == ""


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "[::1]"])
def test_this_machine_by_its_own_name_is_let_in(host):
    check_local(host)


@pytest.mark.parametrize("host", ["", "store.example", "store.example:8080", "localhost.example", "10.0.0.1:8080", "127.0.0.1.example"])
def test_another_name_is_refused_without_keys(host):
    with pytest.raises(RefusedError) as caught:
        check_local(host)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("keys", "host", "says"),
    [
        ((), "0.0.0.0", "HOST_VARIABLE=0.0.0.0 can be reached"),
        (("short",), "127.0.0.1", "fewer than 16"),
        (("with a blank in the key",), "127.0.0.1", "ASCII"),
        (("ключ-ключ-ключ-ключ",), "127.0.0.1", "ASCII"),
    ],
)
def test_weak_settings_stop_the_start(keys, host, says):
    with pytest.raises(SettingsError, match=says):
        check_keys(keys, host, "HOST_VARIABLE")
    check_keys((KEY,), "0.0.0.0", "HOST_VARIABLE")
