"""Money, partitions, settings, printable text."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contract.codec import printable
from streams.contract.errors import SettingsError
from streams.contract.money import decimal_of, line_micros, micros
from streams.contract.settings import KafkaSettings, MongoSettings, Secret, WorkerSettings
from streams.contract.topics import murmur2, partition_of
from streams.kafka.clients import librdkafka


@given(st.integers(-9_999_999, 9_999_999), st.integers(0, 99_999_999))
def test_a_lines_amount_is_the_exact_product_rounded_once(thousandths, ten_thousandths):
    exact = Decimal(thousandths) / 1000 * Decimal(ten_thousandths) / 10_000 * 1_000_000
    expected = int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    assert line_micros(thousandths / 1000, ten_thousandths / 10_000) == expected


@given(st.integers(-(10**12), 10**12))
def test_cents_survive(cents):
    assert Decimal(decimal_of(micros(cents / 100))) == Decimal(cents) / 100


def test_murmur2_is_javas():
    # Values of org.apache.kafka.common.utils.Utils.murmur2, from Kafka's own tests.
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107}
    for key, value in known.items():
        assert murmur2(key) == value & 0xFFFFFFFF


def test_a_store_has_one_partition():
    assert {partition_of("7", 4) for _ in range(3)} == {partition_of("7", 4)}
    assert len({partition_of(str(i), 4) for i in range(100)}) == 4


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "Set KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "nowhere"}, "host:port"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "a:9", "KAFKA_SECURITY_PROTOCOL": "TLS"}, "PLAINTEXT, SSL"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "a:9", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "KAFKA_USERNAME and KAFKA_PASSWORD"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "a:9", "KAFKA_USERNAME": "u"}, "SASL_SSL"),
    ],
)
def test_bad_kafka_settings_say_what_to_set(environ, words):
    with pytest.raises(SettingsError, match=words):
        KafkaSettings.read(environ)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SHELFCAST_TIMEZONE": "Mars/Olympus"}, "Europe/Berlin"),
        ({"SHELFCAST_DEDUPE_WINDOW": "many"}, "whole number"),
        ({"SHELFCAST_LATENESS_MINUTES": "-1"}, "from 0 to"),
        ({"SHELFCAST_ACCEPT_TRUNCATED_LOG": "maybe"}, "true or false"),
    ],
)
def test_bad_worker_settings_say_what_to_set(environ, words):
    with pytest.raises(SettingsError, match=words):
        WorkerSettings.read(environ)


def test_secrets_do_not_show():
    kafka = KafkaSettings.read(
        {"KAFKA_BOOTSTRAP_SERVERS": "a:9", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_USERNAME": "u", "KAFKA_PASSWORD": "geheim"}
    )
    mongo = MongoSettings.read({"MONGODB_URI": "mongodb://user:geheim@host:27017"})
    for shown in (repr(kafka), str(kafka.password), f"{kafka.password}", repr(mongo), mongo.shown, f"{mongo.uri:>10}"):
        assert "geheim" not in shown
    assert librdkafka(kafka)["sasl.password"] == "geheim"
    assert mongo.shown == "mongodb://host:27017/shelfcast"
    assert Secret("x").reveal() == "x"


def test_foreign_text_cannot_forge_a_log_line():
    assert printable("a\nERROR b\x1b[31m\u2028\u202e") == "a\\nERROR b\\u001b[31m\\u2028\\u202e"
    assert len(printable("x" * 1000)) == 301


AUTHORITY = "KAFKA_CA_FILE"
TLS = {"KAFKA_BOOTSTRAP_SERVERS": "a:9", "KAFKA_SECURITY_PROTOCOL": "SSL"}


def test_an_authority_that_is_no_file_or_no_certificate_is_said(tmp_path):
    (tmp_path / "text.pem").write_text("no certificate")
    (tmp_path / "empty.pem").write_text("")
    for name, words in (
        ("gone.pem", "No such file"),
        ("text.pem", "holds no certificate"),
        ("empty.pem", "holds no certificate"),
        (".", "PEM"),
    ):
        with pytest.raises(SettingsError, match=words):
            KafkaSettings.read(TLS | {AUTHORITY: str(tmp_path / name)})


def test_an_authority_that_would_not_be_asked_is_said(tmp_path):
    with pytest.raises(SettingsError, match="set KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL"):
        KafkaSettings.read({"KAFKA_BOOTSTRAP_SERVERS": "a:9", AUTHORITY: str(tmp_path / "ca.pem")})


@pytest.mark.parametrize("database", ["a b", "a.b", "$x", "a/b", "x" * 64, "a\tb", "\udcff"])
def test_a_name_that_no_database_can_have_is_said(database):
    with pytest.raises(SettingsError, match="MONGODB_DATABASE="):
        MongoSettings.read({"MONGODB_URI": "mongodb://h", "MONGODB_DATABASE": database})


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "NaN"])
def test_what_is_no_number_is_no_setting(number):
    with pytest.raises(SettingsError, match="SHELFCAST_LATENESS_MINUTES="):
        WorkerSettings.read({"SHELFCAST_LATENESS_MINUTES": number})


@pytest.mark.parametrize("password", ["pa/ss", "pa@ss", "pa?ss", "pa#ss", "pa:ss", "12/ss", "[pass"])
def test_where_mongodb_is_never_shows_a_password_however_it_is_written(password):
    shown = MongoSettings(Secret(f"mongodb://user:{password}@host:1/x")).shown
    assert shown == "mongodb://host:1/shelfcast"
