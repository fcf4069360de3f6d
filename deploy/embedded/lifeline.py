"""Makes a child end with its parent, even if the parent is killed: the child holds the other end of a pipe."""

import os
import sys
import threading
from collections.abc import Callable
from typing import Final

LIFELINE: Final = "SHELFCAST_LIFELINE"
"""Set in the environment of children whose standard input is such a pipe."""


def hold(when_cut: Callable[[], None] | None = None) -> None:
    """Watch standard input; when the parent is gone, call `when_cut`, which by default ends the process at once."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        if when_cut is None:
            os._exit(0)
        when_cut()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
