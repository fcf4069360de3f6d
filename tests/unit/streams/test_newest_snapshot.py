"""The search for the newest snapshot, over logs of every kind: the one that was written last and is whole, with little in memory."""

import pytest
from xxhash import xxh3_64_hexdigest

from streams.runtime.snapshots import LARGEST_WINDOW, WINDOW, Chunk, NewestSearch


def snapshot(number, chunks=3, size=4):
    data = b"".join(f"{number:0{size}d}{i:0{size}d}".encode() for i in range(chunks))
    name = f"{number}-{xxh3_64_hexdigest(data)}"
    step = 2 * size
    return data, [((name, chunks), i, data[i * step : (i + 1) * step]) for i in range(chunks)]


def search(messages, low=0):
    """(what is found, the most bytes held at a time, messages shown)."""
    log = [None if m is None else Chunk(offset, *m) for offset, m in enumerate(messages)]
    found, held, shown = NewestSearch(low, len(log)), 0, 0
    while (window := found.window()) is not None:
        first, end = window
        assert low <= first < end <= len(log)
        for chunk in log[first:end]:
            shown += 1
            if chunk is not None:
                found.see(chunk)
        held = max(held, sum(len(c.data) for c in found._window) + sum(map(len, found._found.values())))
        data = found.turn()
        if data is not None:
            return data, held, shown
        assert shown < 50 * len(log) + 50, "it goes round in circles"
    return None, held, shown


def test_an_empty_log_and_one_of_other_things_have_none():
    assert search([])[0] is None
    assert search([None] * 100)[0] is None


@pytest.mark.parametrize("chunks", [1, 2, WINDOW - 1, WINDOW, WINDOW + 1, 100, 700])
def test_of_many_the_last_is_found_and_the_others_are_not_looked_at(chunks):
    made = [snapshot(n, chunks) for n in range(30)]
    data, held, shown = search([m for _, messages in made for m in messages])
    assert data == made[-1][0]
    assert shown <= chunks + LARGEST_WINDOW
    assert held <= len(data) + WINDOW * 8


@pytest.mark.parametrize("kept", [{0}, {0, 1}, {0, 2}, {1}, {2}, {1, 2}])
def test_a_torn_one_is_passed_over(kept):
    (data, whole), (_, torn) = snapshot(1), snapshot(2)
    assert search(whole + [m for m in torn if m[1] in kept])[0] == data
    assert search([None] * 400 + whole + [m for m in torn if m[1] in kept] + [None] * 40)[0] == data


def test_a_torn_large_one_whose_beginning_is_missing_does_not_read_the_whole_log():
    (data, whole), (_, torn) = snapshot(1, 2), snapshot(2, 50)
    found, _, shown = search([None] * 50_000 + whole + torn[40:])
    assert found == data
    assert shown < 2_000


def test_a_corrupt_one_is_passed_over():
    (data, whole), (_, corrupt) = snapshot(1), snapshot(2)
    corrupt[1] = (*corrupt[1][:2], b"other")
    assert search(whole + corrupt)[0] == data


def test_one_written_twice_torn_at_last_is_whole():
    data, whole = snapshot(1, 40)
    assert search(whole + whole[:7])[0] == data
    assert search([*whole, *snapshot(2, 5)[1][:3], *whole[:20]])[0] == data


def test_chunks_of_two_workers_among_each_other():
    (first, a), (second, b) = snapshot(1, 40), snapshot(2, 40)
    mixed = [m for pair in zip(a, b, strict=True) for m in pair]
    assert search(mixed)[0] == second
    assert search([m for m in mixed if m != b[3]])[0] == first, "the torn one is last, the other stands among its chunks"
    assert search([m for m in mixed if m != b[39]])[0] == first
    older, before = snapshot(0)
    assert search(before + [m for m in mixed if m not in (b[3], a[5])])[0] == older


def test_a_log_whose_front_was_deleted_in_the_middle_of_a_snapshot():
    (data, whole), (_, cut) = snapshot(2), snapshot(1, 40)
    log = cut + whole
    assert search(log, low=20)[0] == data
    assert search(cut, low=20)[0] is None
    assert search(cut, low=0)[0] is not None


def test_one_of_the_same_name_in_other_chunks_is_another():
    data, whole = snapshot(1, 4)
    name = whole[0][0][0]
    in_two = [((name, 2), 0, data[:16]), ((name, 2), 1, data[16:])]
    assert search(whole + in_two[1:])[0] == data
    assert search(whole[1:] + in_two)[0] == data
