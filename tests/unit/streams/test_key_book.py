"""Named keys: made, withdrawn, with scopes and stores; the file holds only hashes."""

import pytest

from deploy import cli
from streams.contract.errors import SettingsError
from streams.http.access import Keyring, RefusedError
from streams.http.key_book import KeyBook, book_bytes, new_key, read_book
from streams.http.wrong_keys import WrongKeys


def kept(tmp_path, *keys):
    made = [new_key(name, scopes, stores, "2026-05-01") for name, scopes, stores in keys]
    file = tmp_path / "keys.json"
    file.write_bytes(book_bytes(key for key, _ in made))
    return file, [shown for _, shown in made]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_key_opens_what_its_scopes_and_stores_say(tmp_path):
    file, [till, reports] = kept(tmp_path, ("till-3", ["publish"], ["berlin-1"]), ("reports", ["read", "train"], []))
    ring = Keyring(["a" * 20], (), KeyBook(file))
    assert ring.owner(till) is None  # the first time it takes scrypt, which the guard asks for by itself
    assert ring.named_owner(till) == ring.owner(till) == "key:till-3"
    owner = ring.named_owner(reports)
    ring.check_scope("key:till-3", "publish")
    ring.check_scope(owner, "train")
    for who, scope in (("key:till-3", "read"), ("key:till-3", "operate"), (owner, "publish"), ("key:9", "read"), (None, "read")):
        with pytest.raises(RefusedError) as refused:
            ring.check_scope(who, scope)
        assert refused.value.status == 403
    ring.check_scope("key:0", "read")
    ring.check_stores("key:till-3", ["berlin-1"])
    ring.check_stores(owner, ["anything"])
    with pytest.raises(RefusedError, match="not for the store 'berlin-2'"):
        ring.check_stores("key:till-3", ["berlin-1", "berlin-2"])


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: key + "x", lambda key: key.replace("till", "tell"), lambda key: ""])
def test_nothing_but_the_whole_key_opens(change, tmp_path):
    file, [till] = kept(tmp_path, ("till-3", ["publish"], []))
    assert Keyring([], (), KeyBook(file)).named_owner(change(till)) is None


def test_the_file_holds_no_key(tmp_path):
    file, [till] = kept(tmp_path, ("till-3", ["publish"], []))
    assert till.partition(".")[2] not in file.read_text()
    assert till.partition(".")[2] not in repr(read_book(file))


def test_a_withdrawn_key_and_a_new_one_count_within_seconds(tmp_path):
    file, [till] = kept(tmp_path, ("till-3", ["publish"], []))
    clock = Clock()
    ring = Keyring([], (), KeyBook(file, clock))
    assert ring.named_owner(till)
    other, shown = new_key("till-4", ["publish"], [], "2026-05-02")
    file.write_bytes(book_bytes([other]))
    clock.now += 1.1
    assert (ring.owner(till), ring.named_owner(till), ring.named_owner(shown)) == (None, None, "key:till-4")


@pytest.mark.parametrize("content", [b"{", b'{"keys": [{"name": "x"}]}', None])
def test_a_file_that_is_damaged_or_gone_lets_nobody_in(content, tmp_path, caplog):
    file, [till] = kept(tmp_path, ("till-3", ["publish"], []))
    clock = Clock()
    ring = Keyring([], (), KeyBook(file, clock))
    assert ring.named_owner(till)
    file.unlink() if content is None else file.write_bytes(content)
    clock.now += 1.1
    assert (ring.owner(till), ring.named_owner(till)) == (None, None)
    assert ring  # nor is the server open to this machine now
    if content is not None:
        assert "No named key is let in" in caplog.text
        with pytest.raises(SettingsError, match="let `shelfcast keys` write it"):
            KeyBook(file)


def test_whom_wrong_keys_have_shut_out_makes_us_hash_nothing():
    clock = Clock()
    wrong = WrongKeys(2, clock)
    for _ in range(2):
        wrong.check_open("10.0.0.1")
        wrong.check("10.0.0.1", None)
    with pytest.raises(RefusedError) as refused:
        wrong.check_open("10.0.0.1")
    assert (refused.value.status, refused.value.retry_after) == (429, 30)
    wrong.check_open("10.0.0.2")
    clock.now += 31
    wrong.check_open("10.0.0.1")


def run(capsys, *arguments):
    code = cli.run("keys", list(arguments))
    return code, capsys.readouterr()


def test_the_command_makes_lists_and_withdraws(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "_set_up_logging", lambda: None)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    file = tmp_path / "keys.json"
    monkeypatch.setenv("SHELFCAST_KEY_BOOK", str(file))
    code, out = run(capsys, "add", "till-3", "--scope", "publish", "--store", "berlin-1")
    shown = out.out.strip()
    assert code == 0
    assert KeyBook(file).prove(shown).stores == ("berlin-1",)
    assert run(capsys, "add", "till-3", "--scope", "read")[0] == 2
    assert run(capsys, "add", "Till 4", "--scope", "read")[0] == 2
    assert "publish, read, train, operate" in run(capsys, "add", "till-4", "--scope", "all")[1].err
    assert "till-3" in (listed := run(capsys, "list", "--json")[1].out)
    assert shown.partition(".")[2] not in listed
    assert run(capsys, "remove", "till-3")[0] == 0
    assert read_book(file) == {}
    assert run(capsys, "remove", "till-3")[0] == 2
