"""Which event kills the process: what its commits say, and how its deaths narrow the event down."""

import random
from types import SimpleNamespace

import msgspec
import pytest

from streams.runtime import bookmarks
from streams.runtime.bookmarks import MAX_BYTES, NO_SNAPSHOT, Bookmark, Mark
from streams.runtime.narrowing import AT_ONCE, DEATHS, Care, care_for, condemned
from streams.runtime.snapshots import Place

PLACE = b'{"id":"7-abc","first":3,"last":4,"chunks":2,"next_offset":7}'


def records(*offsets):
    return [SimpleNamespace(offset=offset) for offset in offsets]


def test_a_commit_of_before_is_read_and_written_as_it_was():
    bookmark = bookmarks.read(PLACE.decode())
    assert bookmark == Bookmark("7-abc", 3, 4, 2, 7)
    assert bookmark.write().encode() == PLACE
    assert bookmarks.names_snapshot(PLACE.decode())


def test_an_older_program_reads_a_new_commit():
    full = Bookmark("7-abc", 3, 4, 2, 7, lives=2, mark=Mark(9, 10, 1), put_aside=((8, "streams.processor.processor:1 KeyError"),))
    assert msgspec.json.decode(full.write(), type=Place) == Place("7-abc", 3, 4, 2, 7)
    assert bookmarks.read(full.write()) == full


@pytest.mark.parametrize("foreign", ["", "nonsense", "[]", '{"id":1}'])
def test_what_another_program_committed_says_nothing(foreign):
    assert bookmarks.read(foreign) == NO_SNAPSHOT


def test_a_commit_without_a_snapshot_names_none():
    assert not bookmarks.names_snapshot(msgspec.structs.replace(NO_SNAPSHOT, lives=1).write())


def test_a_commit_keeps_the_newest_decisions_that_fit():
    many = Bookmark("7-abc", 3, 4, 2, 7, put_aside=tuple((i, "x" * 120) for i in range(100)))
    text = many.write()
    assert len(text) <= MAX_BYTES
    kept = bookmarks.read(text).put_aside
    assert kept == many.put_aside[-len(kept) :]
    assert len(kept) > 15


def test_a_newer_snapshot_forgets_deaths_but_not_decisions_nor_the_mark_ahead():
    bookmark = Bookmark("7-abc", 3, 4, 2, 7, lives=2, mark=Mark(20, 21, 1), put_aside=((8, "x"),))
    place = Bookmark("15-def", 5, 5, 1, 15).write()
    assert bookmark.moved(place, 15, careful=False) == Bookmark("15-def", 5, 5, 1, 15, mark=Mark(20, 21, 1), put_aside=((8, "x"),))
    assert bookmark.moved(place, 21, careful=True) == Bookmark("15-def", 5, 5, 1, 15, lives=2, put_aside=((8, "x"),))


def test_who_comes_first_marks_nothing():
    assert care_for(NO_SNAPSHOT, 0, 1000, 500) is None
    assert care_for(Bookmark("a", 0, 0, 1, 7), 7, 1000, 500) is None


def test_the_marks_reach_as_far_as_what_was_in_the_log_when_the_process_died():
    died = Bookmark("a", 0, 0, 1, 7, lives=1)
    assert care_for(died, 7, 100, 500) == Care(7, 100, AT_ONCE)
    assert care_for(died, 7, 100_000, 500) == Care(7, 507, AT_ONCE)
    assert care_for(died, 7, 7, 500) is None


def test_a_care_cuts_before_between_and_not_beyond_its_marks():
    care = Care(10, 14, 2)
    assert care.cut(records(8, 9, 10, 11)) == (records(8, 9), None)
    assert care.cut(records(10, 11, 12, 13)) == (records(10, 11), Mark(10, 12))
    assert care.cut(records(13, 14, 15)) == (records(13), Mark(13, 14))
    assert care.cut(records(11, 13)) == (records(11, 13), Mark(11, 14))


class Process:
    """Lives that apply a log of events, marks as the worker does, and die at an event or by chance."""

    def __init__(self, log_end=1000, snapshot=0):
        self.bookmark = Bookmark("a", 0, 0, 1, snapshot)
        self.log_end, self.snapshot, self.aside, self.marks = log_end, snapshot, [], 0

    def live(self, *deadly, dies=lambda offset, when: False):
        """One life; whether it came to the end of the log."""
        condemned_one = condemned(self.bookmark)
        care = None
        if condemned_one is not None:
            self.aside.append(condemned_one)
            self.bookmark = msgspec.structs.replace(self.bookmark, mark=None, lives=1)
        else:
            care = care_for(self.bookmark, self.snapshot, self.log_end, 1000)
            self.bookmark = msgspec.structs.replace(self.bookmark, lives=self.bookmark.lives + 1)
        left = records(*range(self.snapshot, self.log_end))
        while left:
            together, mark = left[:200], None
            if care is not None and left[0].offset >= care.end:
                care, self.bookmark = None, msgspec.structs.replace(self.bookmark, mark=None, lives=0)
            if care is not None:
                together, mark = care.cut(left)
            if mark is not None:
                self.marks += 1
                self.bookmark = msgspec.structs.replace(self.bookmark, mark=mark)
            for record in together:
                if (record.offset in deadly and record.offset not in self.aside) or dies(record.offset, mark):
                    return False
            left = left[len(together) :]
        self.snapshot, self.bookmark = self.log_end, Bookmark("b", 0, 0, 1, self.log_end)
        return True


def test_a_deadly_event_is_put_aside_after_some_deaths_and_no_other():
    process = Process()
    lives = 1
    while not process.live(437):
        lives += 1
        assert lives < 10
    assert process.aside == [437]
    assert lives == 2 + DEATHS + 1  # without a mark, under a wide one, three under its own; then it is passed


def test_two_deadly_events_are_put_aside_one_after_the_other():
    process, lives = Process(), 1
    while not process.live(437, 438):
        lives += 1
        assert lives < 20
    assert process.aside == [437, 438]


def test_deaths_at_random_put_nothing_aside():
    rng = random.Random(11)
    for _ in range(2000):
        process, lives = Process(300), 0
        while lives < 12:
            chance = rng.random() * 0.02
            process.live(dies=lambda offset, when, chance=chance: rng.random() < chance)
            lives += 1
        assert process.aside == []


def test_a_life_that_lives_marks_nothing():
    process = Process()
    assert process.live()
    assert process.marks == 0
