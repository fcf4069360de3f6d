"""Worker and consumer processes of a test, killed at its end."""

import os
import subprocess
import sys
import time
import uuid

from streams.contract.settings import WorkerSettings


class Workers:
    """Worker processes of one group."""

    def __init__(self, kafka, directory):
        self.kafka = kafka
        self.directory = directory
        self.group = f"worker-{uuid.uuid4().hex[:8]}"
        self.environment = {
            "SHELFCAST_GROUP": self.group,
            "SHELFCAST_CHECKPOINT_SECONDS": "0.5",
            "SHELFCAST_CHECKPOINT_EVENTS": "2000",
            "SHELFCAST_DEDUPE_WINDOW": "100000",
            "SHELFCAST_WORKER_METRICS_PORT": "0",
            "TEST_SESSION_SECONDS": "4",
        }
        self.started = []

    @property
    def settings(self):
        return WorkerSettings.read(self.environment)

    def start(self, *arguments, **environment):
        with self._log(len(self.started)).open("ab") as out:
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.servers.worker_child", self.kafka.address, *map(str, arguments)],
                env=os.environ | {"PYTHONPATH": "."} | self.environment | environment,
                stdout=out,
                stderr=out,
            )
        self.started.append(child)
        return child

    def _log(self, number):
        return self.directory / f"worker-{number}.log"

    def said(self):
        return "".join(self._log(number).read_text(errors="replace") for number in range(len(self.started)))

    def ready(self, child, seconds=60.0):
        """Wait until it has joined."""
        log, until = self._log(self.started.index(child)), time.monotonic() + seconds
        while "started; Kafka at" not in log.read_text(errors="replace"):
            assert child.poll() is None, self.said()[-3000:]
            assert time.monotonic() < until, self.said()[-3000:]
            time.sleep(0.1)

    def stop(self, child, seconds=15.0):
        """SIGTERM, as a supervisor sends it; how long it took."""
        self.ready(child)
        started = time.monotonic()
        child.terminate()
        assert child.wait(seconds) == 0, self.said()[-3000:]
        return time.monotonic() - started

    def close(self):
        for child in self.started:
            child.kill()
            child.wait()


class Consumers:
    """Consumer processes into one database."""

    def __init__(self, kafka, mongo, directory):
        self._arguments = [kafka.address, mongo.settings.uri.reveal(), mongo.settings.database, f"consumers-{uuid.uuid4().hex[:8]}"]
        self.log = directory / "consumers.log"
        self.started = []

    def start(self, *arguments):
        with self.log.open("ab") as out:
            command = [sys.executable, "-m", "tests.support.consume_child", *self._arguments, *map(str, arguments)]
            child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "."}, stdout=out, stderr=out)
        self.started.append(child)
        return child

    def said(self):
        return self.log.read_text(errors="replace")

    def close(self):
        for child in self.started:
            child.kill()
            child.wait()
