"""`shelfcast web` in a process of its own."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.contract.settings import KafkaSettings, MongoSettings
from tests.support.stand_ins import free_port

START_SECONDS = 180


@contextmanager
def served(kafka: KafkaSettings, mongo: MongoSettings, said: Path, **settings: str) -> Iterator[int]:
    """Its port. said: the file of its output."""
    port = free_port()
    named = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "MONGODB_URI": mongo.uri.reveal(), "MONGODB_DATABASE": mongo.database}
    with said.open("ab") as log:
        command = [sys.executable, "-m", "deploy.cli", "web", "--port", str(port)]
        web = subprocess.Popen(command, env=os.environ | named | settings, stdout=log, stderr=log)
        try:
            _wait_for(port, web, said)
            yield port
        finally:
            web.terminate()
            try:
                web.wait(30)
            except subprocess.TimeoutExpired:
                web.kill()
                raise


def _wait_for(port: int, web: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        assert web.poll() is None, said.read_text()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except OSError:
            assert time.monotonic() < until, said.read_text()
            time.sleep(0.2)
        else:
            return
