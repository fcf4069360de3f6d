"""Requests at an even rate whatever the answers take: a slow answer delays no other request, and its delay counts from when it was due."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Run:
    """What a run of requests gave. seconds: from when a request was due until its last byte."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bytes: int = 0

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connections:
    """Kept connections, each used by one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, head: bytes) -> tuple[int, dict[str, str], int]:
        """Status, headers and the number of bytes of the body."""
        while True:
            kept = bool(self._free)
            reader, writer = self._free.pop() if kept else await asyncio.open_connection(*self._place, limit=2**22)
            try:
                writer.write(head)
                lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                break
            except (asyncio.IncompleteReadError, ConnectionError):
                if not kept:  # one that was kept may have been closed for its silence
                    raise
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        await reader.readexactly(length)
        self._free.append((reader, writer))
        return int(lines[0].split()[1]), headers, length


async def each_once(host: str, port: int, heads: list[bytes]) -> None:
    """Ask with each head, one after the other."""
    connections = Connections(host, port)
    for head in heads:
        await connections.ask(head)


async def steady(host: str, port: int, heads: list[bytes], rate: float, seconds: float, seed: int = 1) -> Run:
    """Ask at `rate` requests a second, at random moments, each time one of the heads."""
    run, connections, rng, tasks = Run(), Connections(host, port), random.Random(seed), []

    async def one(due: float, head: bytes) -> None:
        status, _, length = await connections.ask(head)
        run.seconds.append(time.perf_counter() - due)
        run.statuses[status] += 1
        run.bytes += length

    due = time.perf_counter()
    end = due + seconds
    while due < end:
        due += rng.expovariate(rate)
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(due, rng.choice(heads))))
    await asyncio.gather(*tasks)
    return run


def head_of(path: str, **headers: str) -> bytes:
    """The head of a GET request."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
