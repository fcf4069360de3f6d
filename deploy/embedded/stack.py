"""The embedded servers of a data directory: the first command that needs them starts them, the others share them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

import msgspec

from deploy.embedded.lifeline import LIFELINE
from streams.contract.errors import ServerError

START_SECONDS: Final = 30.0


class Addresses(msgspec.Struct, frozen=True):
    """Where the embedded servers of a data directory listen."""

    kafka: str
    mongo: str
    log_id: str
    pid: int


@dataclass
class Stack:
    """The servers that this process started; they end with it."""

    data_dir: Path
    addresses: Addresses
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    lock: IO[str] | None = None

    def stop(self) -> None:
        """Stop the servers."""
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
        _file(self.data_dir).unlink(missing_ok=True)
        if self.lock is not None:
            self.lock.close()

    def dead(self) -> list[str]:
        """Names of servers that have ended by themselves."""
        return [name for name, child in zip(("Kafka", "MongoDB"), self.children, strict=True) if child.poll() is not None]


def join(data_dir: Path) -> Addresses | None:
    """The servers that another process runs for this directory, or None."""
    try:
        addresses = msgspec.json.decode(_file(data_dir).read_bytes(), type=Addresses)
    except (OSError, msgspec.DecodeError):
        return None
    with contextlib.suppress(OSError), _lock_file(data_dir).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return addresses  # their owner is alive
    return None


def start(data_dir: Path) -> Stack:
    """Start the servers for a directory. Raises ServerError if they cannot be started."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = _lock_file(data_dir).open("a")
    except OSError as error:
        raise ServerError(f"The data directory {data_dir} cannot be used: {error.strerror}. Name another with --data-dir.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise ServerError(f"Another process uses the data directory {data_dir}: name another with --data-dir.") from None
    children = [_spawn("kafka"), _spawn("mongo", str(data_dir.resolve()))]
    stack = Stack(data_dir, Addresses("", "", "", os.getpid()), children, lock)
    try:
        kafka, mongo = (_address(child, name) for child, name in zip(children, ("Kafka", "MongoDB"), strict=True))
    except ServerError:
        stack.stop()
        raise
    stack.addresses = Addresses(kafka, mongo, uuid4().hex, os.getpid())
    _file(data_dir).write_bytes(msgspec.json.encode(stack.addresses))
    return stack


def child_environment() -> dict[str, str]:
    """The environment of a child: ours and the lifeline."""
    return os.environ | {LIFELINE: "1", "PYTHONUNBUFFERED": "1"}


def _spawn(name: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  our own modules
        [sys.executable, "-m", f"deploy.embedded.{name}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,
    )


def _address(child: subprocess.Popen[bytes], name: str) -> str:
    """The address that a child prints."""
    lines: list[bytes] = []
    out = child.stdout
    if out is None:
        raise ServerError(f"The embedded {name} has no output.")
    reader = threading.Thread(target=lambda: lines.append(out.readline()), daemon=True)
    reader.start()
    until = time.monotonic() + START_SECONDS
    while not lines and time.monotonic() < until:
        reader.join(0.05)
    if not lines or not lines[0]:
        raise ServerError(
            f"The embedded {name} did not start within {START_SECONDS:.0f} s: "
            "see mongo.log in the data directory, or name real servers with KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI."
        )
    threading.Thread(target=_drain, args=(out,), daemon=True).start()
    address: str = json.loads(lines[0])["address"]
    return address


def _drain(out: IO[bytes]) -> None:
    while out.read(65536):
        pass


def _file(data_dir: Path) -> Path:
    return data_dir / "embedded.json"


def _lock_file(data_dir: Path) -> Path:
    return data_dir / "embedded.lock"
