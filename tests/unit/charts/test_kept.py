"""Answers are kept while nothing new was written, and made once however many ask."""

import asyncio
import time

import pytest

from charts.web.api import kept as kept_answers
from charts.web.api.kept import Keeper, Made
from streams.contract.errors import ServerError
from streams.http.access import RefusedError

LONG = b"0123456789" * 500


class World:
    """A database and a clock to turn."""

    def __init__(self, **options):
        self.now, self.version, self.asked, self.made = 100.0, 1, 0, 0
        self.slow, self.wrong = 0.0, None
        self.keeper = Keeper(self.newness, clock=lambda: self.now, **options)

    def newness(self):
        self.asked += 1
        if self.wrong:
            raise self.wrong
        return self.version

    def make(self):
        self.made += 1
        time.sleep(self.slow)
        return Made(b"%d:" % self.version + LONG)

    async def get(self, key="a", coding=None):
        kept = await self.keeper.get(key, self.make)
        return (await kept.body(coding))[:1] if coding is None else await kept.body(coding)


def test_equal_questions_at_once_are_answered_once():
    async def story():
        world = World()
        world.slow = 0.05
        assert await asyncio.gather(*(world.get() for _ in range(20))) == [b"1"] * 20
        assert (world.made, world.asked) == (1, 1)

    asyncio.run(story())


def test_an_answer_stays_until_something_new_was_written():
    async def story():
        world = World()
        for _ in range(100):
            world.now += 1000.0
            assert await world.get() == b"1"
        assert world.made == 1
        world.version = 2
        world.now += 1000.0
        assert await world.get() == b"2", "it was not known to be true for long"
        assert world.made == 2

    asyncio.run(story())


def test_after_a_change_the_old_answer_is_given_for_two_seconds_at_most():
    async def story():
        world = World()
        await world.get()
        world.version = 2
        world.now += 0.2
        assert await world.get() == b"1", "the database was asked a moment ago"
        world.now += 1.0
        assert await world.get() == b"1", "nobody waits while it is made anew"
        await asyncio.sleep(0.1)
        assert await world.get() == b"2"
        world.version, world.slow = 3, 0.2
        world.now += 3.0
        assert await world.get() == b"3"

    asyncio.run(story())


def test_the_database_is_asked_four_times_a_second_whoever_asks():
    async def story():
        world = World()
        for number in range(400):
            world.now += 0.01
            await world.get(number % 20)
            await asyncio.sleep(0)
        assert world.asked <= 18

    asyncio.run(story())


def test_what_goes_wrong_is_told_and_not_kept():
    async def story():
        world = World()
        world.wrong = ServerError("away")
        for _ in range(2):
            with pytest.raises(ServerError):
                await world.get()
        world.wrong = None
        assert await world.get() == b"1"
        world.wrong, world.now = ServerError("away"), world.now + 1.0
        assert await world.get() == b"1", "it was true a second ago"
        await asyncio.sleep(0.05)
        world.now += 2.0
        with pytest.raises(ServerError):
            await world.get()

    asyncio.run(story())


def test_memory_is_bounded_and_what_was_asked_last_stays(monkeypatch):
    monkeypatch.setattr(kept_answers, "MOST_ANSWERS", 3)

    async def story():
        world = World()
        for key in ("a", "b", "c", "a", "d"):
            await world.get(key)
        assert world.made == 4
        await world.get("a")
        assert world.made == 4
        await world.get("b")
        assert world.made == 5
        assert world.keeper._bytes == sum(kept.size for kept in world.keeper._kept.values())
        monkeypatch.setattr(kept_answers, "MOST_BYTES", 10)
        await world.get("e")
        assert list(world.keeper._kept) == ["e"]

    asyncio.run(story())


def test_too_much_at_once_is_refused(monkeypatch):
    monkeypatch.setattr(kept_answers, "MOST_MAKING", 2)

    async def story():
        world = World()
        world.slow = 0.05
        answers = await asyncio.gather(*(world.get(n) for n in range(4)), return_exceptions=True)
        assert answers[:2] == [b"1"] * 2
        assert [one.status for one in answers[2:] if isinstance(one, RefusedError)] == [503, 503]

    asyncio.run(story())


def test_an_answer_made_anew_is_there_in_the_codings_it_was_given_in():
    async def story():
        world = World()
        await world.get(coding="zstd")
        world.version, world.now = 2, world.now + 10.0
        await world.get()
        assert set(world.keeper._kept["a"].bodies) == {"gzip", "zstd"}

    asyncio.run(story())
