"""MongoDB for tests: named in the environment, in a container, or the stand-in in a process of its own."""

import os
import signal
import uuid
from pathlib import Path

from pymongo import MongoClient

from streams.contract.settings import MongoSettings, Secret
from tests.support.stand_ins import MongoStandIn


class NamedMongo:
    """The server of MONGODB_URI; a database of its own, gone afterwards. It is not ours to stop."""

    restarts = False

    def __init__(self, uri: str) -> None:
        self.settings = MongoSettings(Secret(uri), f"test_{uuid.uuid4().hex[:8]}")

    def close(self) -> None:
        with MongoClient(self.settings.uri.reveal()) as client:
            client.drop_database(self.settings.database)


class OwnMongo:
    """A server of the test's own: stopped, started again on the same port and data, made to stand still."""

    restarts = True

    def __init__(self, server) -> None:
        self._server = server
        self.settings = MongoSettings(Secret(f"mongodb://127.0.0.1:{server.port}"), "shelfcast")

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        self._server.kill()

    def pause(self) -> None:
        if isinstance(self._server, MongoStandIn):
            self._server._process.send_signal(signal.SIGSTOP)
        else:
            self._server.pause()

    def resume(self) -> None:
        if isinstance(self._server, MongoStandIn):
            self._server._process.send_signal(signal.SIGCONT)
        else:
            self._server.resume()

    def close(self) -> None:
        if isinstance(self._server, MongoStandIn):
            self._server.kill()
        else:
            self._server.close()


def stand_in(directory: Path) -> OwnMongo:
    server = MongoStandIn(directory)
    server.start()
    return OwnMongo(server)


def named() -> NamedMongo | None:
    uri = os.environ.get("MONGODB_URI")
    return NamedMongo(uri) if uri else None
