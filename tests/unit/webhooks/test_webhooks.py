"""Which messages a webhook gets, how they are signed, and when they are tried again."""

import http.server
import threading

import pytest

from consumers.webhooks.courier import GAVE_UP, GONE, LEFT, OTHER, REPEATED, SENT, Courier
from consumers.webhooks.hooks import TYPES, Hook, key_of, read_hooks
from consumers.webhooks.sending import LONGEST_WAIT_SECONDS, Connection, Outcome, headers_of, outcome_of, signature, wait_after
from streams.contract.codec import encode
from streams.contract.errors import SettingsError
from streams.contract.settings import Secret
from tests.support.shop import drift, forecast

SECRET = "a-secret-of-enough-length-for-this"
HOOK = Hook("buyer", "http://127.0.0.1:1/hook?a=1", Secret(SECRET), frozenset({"drift-detected.v1"}))
FILE = """
[[webhook]]
name = "buyer"
url = "https://buyer.example/hooks"
secret_env = "BUYER_SECRET"
types = ["drift-detected.v1", "shelf-allocation.v1"]
stores = ["Berlin"]
"""


def test_the_signature_is_that_of_standard_webhooks():
    """The example of its specification."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


class Receiver:
    """Answers with statuses one after the other, the last one for ever."""

    def __init__(self, *statuses):
        self.statuses, self.got = list(statuses), []

    def __call__(self, url, body, headers):
        self.got.append((headers["Webhook-Id"], body, headers))
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


def courier(receiver, *, ours=True, patience=3600.0):
    now = [1000.0]

    def wait(seconds):
        now[0] += seconds
        return ours

    return Courier(HOOK, receiver, wait, patience, clock=lambda: now[0], chance=lambda: 1.0), now


def test_a_message_is_tried_again_with_the_same_id_until_it_is_taken():
    receiver = Receiver(0, 500, 302, 429, 200)
    carrier, now = courier(receiver)
    assert carrier.bring(encode(drift(7))) == (SENT, 4)
    assert [one[0] for one in receiver.got] == ["0-7-drift"] * 5
    assert {one[1] for one in receiver.got} == {encode(drift(7))}
    assert now[0] == 1000 + 0.5 + 1 + 2 + 4
    for name, body, headers in receiver.got:
        assert headers["Webhook-Signature"] == signature(SECRET.encode(), name, int(headers["Webhook-Timestamp"]), body)
        assert headers["Idempotency-Key"] == name


def test_what_the_worker_published_again_is_not_sent_again():
    receiver = Receiver(200)
    carrier, _ = courier(receiver)
    assert [carrier.bring(encode(drift(n))).outcome for n in (1, 2, 1, 2)] == [SENT, SENT, REPEATED, REPEATED]
    assert len(receiver.got) == 2


def test_only_what_the_hook_wants_is_sent():
    receiver = Receiver(200)
    carrier, _ = courier(receiver)
    for raw in (encode(forecast(1)), b"not json", b"[]", b'{"type": 1}', b""):
        assert carrier.bring(raw).outcome == OTHER
    assert receiver.got == []
    assert not Hook("b", "u", Secret(), frozenset(TYPES), frozenset({"Paris"})).wants("drift-detected.v1", "Berlin")


def test_the_end_of_patience_lets_the_next_message_through():
    carrier, now = courier(Receiver(500), patience=60.0)
    assert carrier.bring(encode(drift(1))).outcome == GAVE_UP
    assert 60 <= now[0] - 1000 < 60 + LONGEST_WAIT_SECONDS
    assert courier(Receiver(500), ours=False)[0].bring(encode(drift(1))) == (LEFT, 1)
    assert courier(Receiver(410))[0].bring(encode(drift(1))) == (GONE, 0)


def test_answers_and_waits_mean_what_they_say():
    for status, outcome in {200: Outcome.TAKEN, 204: Outcome.TAKEN, 409: Outcome.TAKEN, 410: Outcome.GONE, 301: Outcome.FAILED}.items():
        assert outcome_of(status) is outcome
    assert outcome_of(0) is outcome_of(404) is outcome_of(503) is Outcome.FAILED
    waits = [wait_after(attempt, lambda: 0.0) for attempt in range(1, 100)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.25, LONGEST_WAIT_SECONDS / 2)


def test_a_file_names_the_hooks(tmp_path):
    file = tmp_path / "hooks.toml"
    file.write_text(FILE)
    [hook] = read_hooks(file, {"BUYER_SECRET": SECRET})
    assert (hook.name, hook.stores, hook.key) == ("buyer", frozenset({"Berlin"}), SECRET.encode())
    assert SECRET not in repr(hook)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("https://", "http://"), "https://HOST"),
        (("https://buyer", "https://user:password@buyer"), "without user"),
        (("https://buyer.example/hooks", "file:///etc/passwd"), "https://HOST"),
        (('"buyer"', '"Buyer!"'), "small letters"),
        (("drift-detected.v1", "sale-recorded.v1"), "types is a list of"),
        (('["Berlin"]', "[]"), "stores is a list"),
        (("BUYER_SECRET", "OTHER_SECRET"), "openssl"),
        (("secret_env", "secret"), "secret_env"),
        (("[[webhook]]", "[webhook]"), "tables"),
        (("[[webhook]]", "[["), "cannot be read"),
        (("stores", "more = 1\nstores"), "stores"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path, change, sentence):
    file = tmp_path / "hooks.toml"
    file.write_text(FILE.replace(*change))
    with pytest.raises(SettingsError, match=sentence):
        read_hooks(file, {"BUYER_SECRET": SECRET})
    with pytest.raises(SettingsError, match="same name"):
        file.write_text(FILE * 2)
        read_hooks(file, {"BUYER_SECRET": SECRET})


def test_a_connection_posts_and_survives_its_end():
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"])), self.headers["Webhook-Id"]))
            self.send_response(200 if len(got) != 2 else 302)
            self.send_header("Content-Length", "2")
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"ok")
            self.close_connection = len(got) == 1

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/hook?a=1"
    send = Connection()
    statuses = []
    while len(got) < 3:  # the one after a connection that ended may fail, and is tried again
        statuses.append(send(url, b"{}", headers_of(HOOK, "m", 1, b"{}")))
    send.close()
    server.shutdown()
    server.server_close()
    assert got == [("/hook?a=1", b"{}", "m")] * 3
    assert [status for status in statuses if status] == [200, 302, 200]
    assert Connection()(url, b"{}", {}) == 0
