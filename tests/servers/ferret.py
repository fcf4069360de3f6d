"""FerretDB, a second server that speaks MongoDB's protocol: it finds what the stand-in hides. Built once with Go."""

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.servers.jars import ROOT, MissingError
from tests.support.stand_ins import free_port

SOURCE = ROOT / "tests" / "servers" / "ferretdb"
OLDEST_GO = (1, 22)
BUILD_SECONDS = 400


@functools.cache
def go() -> str:
    """The program. Raises MissingError when there is none, or one older than FerretDB needs."""
    program = shutil.which("go")
    if program is None:
        raise MissingError("no Go to build FerretDB with")
    told = subprocess.run([program, "env", "GOVERSION"], capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    found = re.match(r"go(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_GO:
        raise MissingError(f"Go is {told or 'unknown'}, FerretDB needs 1.22")
    return program


@functools.cache
def program() -> Path:
    """The built server, made anew where its source or its pinned modules changed. Raises MissingError."""
    compiler = go()
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum"))).hexdigest()[:16]
    built = ROOT / "build" / f"ferretdb-{digest}"
    if built.exists():
        return built
    built.parent.mkdir(exist_ok=True)
    with (built.parent / "ferretdb.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of pytest-xdist wait for the one that builds
        if not built.exists():
            _build(compiler, built)
    return built


def _build(compiler: str, built: Path) -> None:
    unfinished = built.with_suffix(".part")
    command = [compiler, "build", "-mod=readonly", "-o", str(unfinished), "."]
    try:
        done = subprocess.run(
            command,
            cwd=SOURCE,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
            env=os.environ | {"GOTOOLCHAIN": "local"},
        )
    except subprocess.TimeoutExpired:
        raise MissingError(f"Go did not build FerretDB in {BUILD_SECONDS} s") from None
    if done.returncode:
        raise MissingError(f"Go cannot build FerretDB: {done.stderr.strip()[-200:]}")
    unfinished.rename(built)


class FerretServer:
    """FerretDB over SQLite in a process of its own, on a port and data that outlive a kill."""

    def __init__(self, directory: Path) -> None:
        self._program = program()
        self._directory = directory / "ferretdb"
        self._directory.mkdir()
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._directory.parent / "ferretdb.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, f"127.0.0.1:{self.port}", self._directory], stdout=log, stderr=log)
        until = time.monotonic() + 30
        while True:
            with MongoClient(f"mongodb://127.0.0.1:{self.port}", serverSelectionTimeoutMS=300) as client:
                try:
                    client.admin.command("ping")
                except PyMongoError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.05)
                else:
                    return

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
