"""A replay that runs beside the screen, in a thread of its own."""

import threading
from typing import Self

from producers.replay.replay import Replay, ReplayResult


class Replaying:
    """Runs a replay until it ends, or its `with` statement does. stop: the event that the replay was given to be stopped with."""

    def __init__(self, replay: Replay, stop: threading.Event) -> None:
        self.replay, self._stop = replay, stop
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="replay")
        self._thread.start()

    @property
    def runs(self) -> bool:
        """Whether it has not ended. Raises what the replay raised."""
        if self._error is not None:
            raise self._error
        return self._thread.is_alive()

    def result(self) -> ReplayResult:
        """What it has done so far, or all of it."""
        return self.replay.result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self.replay.run()
        except BaseException as error:  # noqa: BLE001  handed to the thread that shows the screen
            self._error = error
