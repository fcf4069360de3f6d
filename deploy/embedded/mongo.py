"""The MongoDB stand-in: nx-27017, MongoDB's wire protocol over a SQLite file. Runs as a child process, given its directory.

It prints its address as a line of JSON once it answers.
"""

import json
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from nx_27017.nx_27017 import main as serve

from deploy.embedded import lifeline


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Serve the database in the directory given as argument until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops us last
    lifeline.hold()
    directory = Path(sys.argv[1])
    pid_file = directory / "mongo.pid"
    pid_file.unlink(missing_ok=True)  # left over from a kill -9: the directory's lock shows that nobody else uses it
    port = free_port()
    threading.Thread(target=_announce, args=(port,), daemon=True).start()
    sys.argv = [
        "nx_27017",
        "--db", str(directory / "mongo.sqlite"),
        "--port", str(port),
        "--pid-file", str(pid_file),
        "--log-file", str(directory / "mongo.log"),
    ]  # fmt: skip
    serve()


def _announce(port: int) -> None:
    address = json.dumps({"address": f"mongodb://127.0.0.1:{port}"})
    out = sys.__stdout__
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            break
    if out is not None:
        out.write(address + "\n")
        out.flush()


if __name__ == "__main__":
    main()
