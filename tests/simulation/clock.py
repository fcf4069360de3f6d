"""An event loop whose clock and order are the simulation's: a seeded generator picks what runs next.

Of all callbacks that could run now, any may be the next one, as with threads and processes on a busy machine. Time moves by itself: a
little with each callback, and to the next timer when nothing else is left. Each callback belongs to the simulated process that made
it. A dead process's callbacks never run, a sleeping one's wait, so a process can be killed or stopped between any two steps of its.
"""

import asyncio
import heapq
from collections.abc import Callable
from contextvars import ContextVar
from random import Random
from typing import Any

STEP_SECONDS = 0.001


class Killed(BaseException):
    """The process that runs was killed in the middle of a step."""


class Process:
    """A simulated process: alive until it is killed; asleep while it is stopped, as by SIGSTOP."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.asleep = False


CURRENT: ContextVar[Process | None] = ContextVar("process", default=None)


class SeededLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order that `chance` gives. after_step: called after each callback, and may raise."""

    def __init__(self, chance: Random, after_step: Callable[[], None]) -> None:
        super().__init__()
        self.chance = chance
        self.steps = 0
        self._now = 0.0
        self._after_step = after_step
        self.set_task_factory(_task)

    def forget(self) -> None:
        """Drop whatever waits to run."""
        self._ready.clear()
        self._scheduled.clear()

    def __del__(self) -> None:
        """It holds no socket: nothing is to be closed."""

    def time(self) -> float:
        return self._now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """A thread's work happens in one piece, some time later."""
        future = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            try:
                future.set_result(func(*args))
            except Killed:
                pass
            except Exception as error:
                future.set_exception(error)

        self.call_later(self.chance.random() * 0.05, work)
        return future

    def _run_once(self) -> None:
        self._now += STEP_SECONDS
        self._move_timers()
        runnable = [place for place, handle in enumerate(self._ready) if _may_run(handle)]
        if not runnable:
            if not self._scheduled:
                raise RuntimeError("Nothing is left to happen.")
            self._now = max(self._now, self._scheduled[0]._when)
            return
        place = runnable[int(self.chance.random() * len(runnable))]
        handle = self._ready[place]
        del self._ready[place]
        handle._run()
        self.steps += 1
        self._after_step()

    def _move_timers(self) -> None:
        while self._scheduled and self._scheduled[0]._when <= self._now:
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False
            self._ready.append(timer)
        if self._ready:
            kept = [handle for handle in self._ready if not handle._cancelled and _is_alive(handle)]
            if len(kept) < len(self._ready):
                self._ready.clear()
                self._ready.extend(kept)

    def _process_events(self, event_list: Any) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There is no selector to wake."""


def _task(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(coroutine, loop=loop, **more)
    task._log_destroy_pending = False  # dead processes end in the middle of their tasks
    return task


def _is_alive(handle: asyncio.Handle) -> bool:
    process = handle._context.get(CURRENT)
    return process is None or process.alive


def _may_run(handle: asyncio.Handle) -> bool:
    process = handle._context.get(CURRENT)
    return process is None or not process.asleep
