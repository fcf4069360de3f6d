"""Bounds of an HTTP server: wrong keys, connections, proxies, pages of other origins."""

import pytest
from litestar.datastructures import Headers
from prometheus_client import CollectorRegistry

from streams.contract.errors import SettingsError
from streams.http.access import Keyring, RefusedError
from streams.http.bounds import Bounds
from streams.http.doorman import RESERVE, ConnectionMetrics, Doorman
from streams.http.foreign import check_own
from streams.http.wrong_keys import WrongKeys, network_of


class Connection:
    def __init__(self):
        self.cut = False

    def abort(self):
        self.cut = True


def doorman_of(**bounds):
    registry = CollectorRegistry()
    return Doorman(Bounds(**bounds), ConnectionMetrics(registry, "gateway")), registry


def test_an_address_that_guesses_is_shut_out_and_comes_back():
    now = [0.0]
    wrong = WrongKeys(2, lambda: now[0])
    wrong.check("10.0.0.1", "key:0")
    for _ in range(2):
        wrong.check("10.0.0.1", None)
    for owner in (None, "key:1"):
        with pytest.raises(RefusedError) as caught:
            wrong.check("10.0.0.1", owner)
        assert (caught.value.status, caught.value.retry_after) == (429, 30)
    wrong.check("10.0.0.1", "key:0")  # it was known there before
    wrong.check("10.0.0.2", None)
    now[0] = 31.0
    wrong.check("10.0.0.1", "key:1")
    wrong.check("10.0.0.1", None)
    with pytest.raises(RefusedError):
        wrong.check("10.0.0.1", None)


def test_what_is_remembered_of_addresses_is_bounded():
    wrong = WrongKeys(1, lambda: 0.0)
    for number in range(10_100):
        wrong.check(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", None)
    assert len(wrong._addresses) == 10_000


def test_a_household_of_ipv6_is_one_address():
    assert network_of("2001:db8:1:2::7") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::7")
    assert network_of("::ffff:10.0.0.1") == network_of("10.0.0.1")
    assert network_of("unknown") == "unknown"


def test_connections_are_counted_by_address_and_in_all():
    doorman, registry = doorman_of(connections=8, per_address=3)
    first = [Connection() for _ in range(3)]
    assert [doorman.enter(one, "10.0.0.1") for one in first] == [None] * 3
    assert doorman.enter(Connection(), "10.0.0.1") == "address"
    assert [doorman.enter(Connection(), f"10.0.1.{n}") for n in range(5)] == [None] * 5
    assert doorman.enter(Connection(), "10.0.2.1") == "all"
    assert registry.get_sample_value("shelfcast_gateway_connections") == 8
    doorman.leave(first[0])
    doorman.leave(first[0])
    assert doorman.enter(Connection(), "10.0.0.1") is None


def test_the_reserve_cuts_who_waited_longest():
    doorman, registry = doorman_of(connections=8, per_address=1)
    doorman.enter(Connection(), "10.0.0.1")
    waiting = [Connection() for _ in range(RESERVE + 2)]
    assert {doorman.enter(one, "10.0.0.1") for one in waiting} == {"address"}
    assert [one.cut for one in waiting] == [True, True] + [False] * RESERVE
    assert registry.get_sample_value("shelfcast_gateway_connections_refused_total", {"reason": "address"}) == 2


def test_a_trusted_proxy_may_have_all_connections():
    doorman, _ = doorman_of(connections=8, per_address=1, trusted_proxies="10.1.0.0/16, 192.0.2.1")
    assert [doorman.enter(Connection(), "10.1.2.3") for _ in range(4)] == [None] * 4
    assert [doorman.enter(Connection(), "10.2.2.3") for _ in range(2)] == [None, "address"]


@pytest.mark.parametrize("proxies", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.300"])
def test_a_proxy_is_an_address_or_a_network(proxies):
    with pytest.raises(SettingsError, match="SHELFCAST_TRUSTED_PROXIES"):
        Bounds(trusted_proxies=proxies)


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://localhost:8081", "localhost:8081", True),
        ("http://LOCALHOST:8081", "localhost:8081", True),
        ("https://store.example", "store.example", True),
        ("https://store.example", "store.example:443", True),
        ("http://[::1]:8081", "[::1]:8081", True),
        ("http://localhost:8081", "127.0.0.1:8081", False),
        ("http://localhost:80810", "localhost:8081", False),
        ("http://localhost:8081@evil.example", "localhost:8081", False),
        ("http://store.example", "store.example:443", False),
        ("file://", "", False),
        ("null", "null", False),
        ("http://[", "[", False),
        ("http://a:99999999", "a", False),
        ("", "", False),
    ],
)
def test_an_origin_is_ours_or_another(origin, host, own):
    headers = Headers({"origin": origin, "host": host})
    if own:
        check_own(headers)
    else:
        with pytest.raises(RefusedError):
            check_own(headers)


def test_every_one_of_two_origins_counts():
    headers = Headers([(b"host", b"a"), (b"origin", b"http://a"), (b"origin", b"http://evil.example")])
    with pytest.raises(RefusedError):
        check_own(headers)


def test_rights_of_keys():
    ring = Keyring(["till", "both"], ["both", "ticker"])
    owners = {name: ring.owner(name) for name in ("till", "both", "ticker")}
    assert len(set(owners.values())) == 3
    for name, events, ticks in (("till", 1, 0), ("both", 1, 1), ("ticker", 0, 1)):
        ring.check_rights(owners[name], events=events, ticks=ticks)
    for name, events, ticks in (("till", 1, 1), ("ticker", 1, 0), ("ticker", 1, 1)):
        with pytest.raises(RefusedError):
            ring.check_rights(owners[name], events=events, ticks=ticks)
    Keyring([]).check_rights(None, events=1, ticks=1)
