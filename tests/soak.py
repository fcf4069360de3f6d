"""A day of a 50-store chain in minutes, with a fault every few seconds: python -m tests.soak --help.

Starts Kafka, MongoDB, two workers and a consumer, sends a day's traffic spread over the minutes, kills and stops what a
seeded random generator names, and restarts what ended. Stops by itself; prints what it did, how memory moved, and the verdict.
With --calm nothing is disturbed: the control, whose processes live long enough to show that their memory stays flat.
Exit code 0: the books balance and agree with the truth counted from what was sent.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from tests.servers.books import settled
from tests.servers.jars import MissingError
from tests.servers.kafka import JarKafka, MockKafka
from tests.servers.mongo import stand_in
from tests.servers.processes import Consumers, Workers
from tests.servers.reading import caught_up
from tests.servers.traffic import publish, traffic, truth_of
from tests.servers.verdict import check_against_undisturbed

LINES_A_STORE_AND_DAY = 1500
FAULT_SECONDS = (3.0, 9.0)


class Life(NamedTuple):
    """How long a process lived, its megabytes half-way and at its end, and their slope a minute in between."""

    seconds: float
    half_way: float
    end: float
    slope: float


class Process:
    """A process that is started again whenever it ends."""

    def __init__(self, name, start):
        self.name = name
        self._start = start
        self.child: subprocess.Popen = start()
        self.since = time.monotonic()
        self.memory: list[tuple[float, float]] = []
        self.lives: list[Life] = []

    def watch(self) -> bool:
        """Note its memory; start it again if it has ended. Whether it had."""
        if self.child.poll() is None:
            try:
                self.memory.append((time.monotonic() - self.since, psutil.Process(self.child.pid).memory_info().rss / 1e6))
            except psutil.Error:
                return False
            return False
        self._close_life()
        self.child, self.since = self._start(), time.monotonic()
        return True

    def _close_life(self) -> None:
        """The slope of the second half of a life: the first fills caches and windows. Lives too short tell nothing."""
        later = self.memory[len(self.memory) // 2 :]
        if len(later) > 20:
            seconds, megabytes = np.array(later).T
            slope = float(np.polyfit(seconds, megabytes, 1)[0]) * 60
            self.lives.append(Life(float(seconds[-1]), float(megabytes[0]), float(megabytes[-1]), slope))
        self.memory = []

    def told(self) -> str:
        self._close_life()
        if not self.lives:
            return f"{self.name:10} no life long enough to tell"
        life = max(self.lives)
        return (
            f"{self.name:10} {life.slope:+.2f} MB a minute over the second half of its longest life of {life.seconds:.0f} s, "
            f"from {life.half_way:.0f} to {life.end:.0f} MB"
        )


class Soak:
    """The run: processes, faults, verdict."""

    def __init__(self, minutes: float, seed: int, stores: int, directory: Path, *, calm: bool) -> None:
        self.seconds = minutes * 60
        self.calm = calm
        self.random = random.Random(seed)
        self.directory = directory
        self.faults: Counter[str] = Counter()
        self.restarts: Counter[str] = Counter()
        self.log = traffic(stores * LINES_A_STORE_AND_DAY, seed=seed, stores=stores, items=20, days=1)
        self.started = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", flush=True)

    def run(self) -> None:
        try:
            (self.directory / "kafka").mkdir()
            self.kafka = JarKafka(self.directory / "kafka")
        except MissingError as error:
            self.say(f"the broker is the embedded stand-in and is not disturbed: {error}")
            self.kafka = MockKafka()
        self.kafka.make_topics()
        (self.directory / "mongo").mkdir()
        self.mongo = stand_in(self.directory / "mongo")
        self.workers = Workers(self.kafka, self.directory)
        self.workers.environment |= {
            "SHELFCAST_CHECKPOINT_SECONDS": "2",
            "SHELFCAST_DEDUPE_WINDOW": "2000",  # full after minutes: from then on memory has nothing left to grow by
            "SHELFCAST_NOWCAST_MINUTES": "10",
            "TEST_SESSION_SECONDS": "10",
        }
        self.consumers = Consumers(self.kafka, self.mongo, self.directory)
        self.processes = [
            Process("worker-1", self.workers.start),
            Process("worker-2", self.workers.start),
            Process("consumer", self.consumers.start),
        ]
        self.say(
            f"{self.kafka.name}, 2 workers, 1 consumer; {len(self.log.messages):,} events of {len(self.log.stores)} stores "
            f"in {self.seconds:.0f} s"
        )
        try:
            self._disturb()
            self._judge()
        finally:
            self.workers.close()
            self.consumers.close()
            self.mongo.close()
            self.kafka.close()

    def _disturb(self) -> None:
        sending = threading.Thread(target=self._send)
        sending.start()
        next_fault = time.monotonic() + 15
        while sending.is_alive():
            time.sleep(0.5)
            self._watch()
            if not self.calm and time.monotonic() >= next_fault and time.monotonic() - self.started < self.seconds:
                self._fault()
                next_fault = time.monotonic() + self.random.uniform(*FAULT_SECONDS)
        sending.join()
        self.say(f"all sent; faults: {dict(self.faults)}; restarts: {dict(self.restarts)}")

    def _send(self) -> None:
        publish(self.kafka.settings, self.log.messages, len(self.log.messages) / self.seconds)

    def _watch(self) -> None:
        for process in self.processes:
            if process.watch():
                self.restarts[process.name] += 1

    def _fault(self) -> None:
        kinds = ["kill worker", "kill consumer", "pause worker", "terminate worker", "pause database", "kill database"]
        if self.kafka.restarts:
            kinds += ["pause broker", "kill broker"]
        kind = self.random.choice(kinds)
        self.faults[kind] += 1
        what, _, target = kind.partition(" ")
        self.say(kind)
        if target == "broker":
            self._server(self.kafka, what, self.random.uniform(2, 15))
        elif target == "database":
            self._server(self.mongo, what, self.random.uniform(2, 15))
        else:
            child = self.random.choice([p for p in self.processes if p.name.startswith(target)]).child
            if what != "pause":
                child.send_signal(signal.SIGKILL if what == "kill" else signal.SIGTERM)
                return
            child.send_signal(signal.SIGSTOP)
            self._wait(self.random.uniform(2, 20))  # beyond its session: a zombie
            child.send_signal(signal.SIGCONT)

    def _server(self, server, what: str, seconds: float) -> None:
        server.kill() if what == "kill" else server.pause()
        self._wait(seconds)
        server.start() if what == "kill" else server.resume()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.5)
            self._watch()

    def _judge(self) -> None:
        stop = threading.Event()

        def keep() -> None:
            while not stop.wait(0.5):
                self._watch()

        keeper = threading.Thread(target=keep)
        keeper.start()
        try:
            seconds = caught_up(self.kafka.settings, self.workers.group, 180)
            self.say(f"workers caught up {seconds:.1f} s after the last event")
            truth = truth_of(self.log.messages)
            self.say(f"statistics caught up {settled(self.mongo.settings, truth, 120):.1f} s later: every store and day is exact")
        finally:
            stop.set()
            keeper.join()
        for process in self.processes[:2]:
            self.workers.stop(process.child)
        repeats = check_against_undisturbed(self.kafka, self.workers, truth, ("days", "duplicates"), self.log.messages)
        self.say(f"outputs and states equal an undisturbed run's, byte for byte; {repeats:,} messages stand repeatedly and were dropped")
        units, revenue, profit, sales, returns = truth.totals
        self.say(
            f"truth: {sales:,} sales, {returns:,} returns, {units / 1000:,.0f} units, revenue {revenue / 1e6:,.2f}, "
            f"profit {profit / 1e6:,.2f}"
        )
        for process in self.processes:
            self.say("memory  " + process.told())
        self._verify()

    def _verify(self) -> None:
        from consumers.store.mongo import MongoDocuments
        from consumers.verification.run import verify
        from streams.kafka.reading import TopicReader
        from streams.mongodb.client import connect

        reader, client = TopicReader(self.kafka.settings, "shelfcast-verify"), connect(self.mongo.settings, "shelfcast-soak")
        try:
            verdict = verify(reader, MongoDocuments(client[self.mongo.settings.database], self.mongo.settings.shown))
        finally:
            reader.close()
            client.close()
        assert verdict.balanced, [difference.sentence for difference in verdict.differences[:5]]
        assert verdict.lag == 0
        self.say("shelfcast verify: the books balance")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stores", type=int, default=50)
    parser.add_argument("--calm", action="store_true", help="no faults: the control")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shelfcast-soak-") as directory:
        soak = Soak(arguments.minutes, arguments.seed, arguments.stores, Path(directory), calm=arguments.calm)
        try:
            soak.run()
        except AssertionError as error:
            soak.say(f"FAILED: {error}")
            return 1
    soak.say("PASSED")
    return 0


if __name__ == "__main__":
    sys.exit(main())
