"""uvicorn's HTTP protocol with time limits: a slow or silent client can hold its connection only for a stated time."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.http.doorman import Doorman
from streams.http.porch import with_porch


class BoundedProtocol(H11Protocol):
    """One connection. uvicorn limits only the silence between two requests; here every wait for the client has a limit.

    The head of each request must come within `header_seconds`, counted from the start of the connection or from the first byte after the
    previous answer; bytes that an answered request still sends count as such. An answer must be read within `write_seconds`. The
    application decides how long a body may take.
    """

    doorman: ClassVar[Doorman]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._head_due: asyncio.TimerHandle | None = None
        self._read_due: asyncio.TimerHandle | None = None
        beyond = self.doorman.enter(self, self.client[0] if self.client else "")
        self.app = with_porch(self.app, beyond, self.doorman.refused)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self.doorman.leave(self)
        self._stop_expecting_head()
        self._stop_expecting_reader()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_expecting_head()
        elif not self.transport.is_closing():
            self._expect_head()

    def on_response_complete(self) -> None:
        """The answer is handed over; part of it may still wait for the client to read."""
        if self.transport.get_write_buffer_size():
            self._expect_reader()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        super().pause_writing()
        self._expect_reader()

    def resume_writing(self) -> None:
        """The client has caught up with reading."""
        super().resume_writing()
        self._stop_expecting_reader()

    def abort(self) -> None:
        """Close at once, whatever is in progress."""
        self.transport.abort()

    def _expect_head(self) -> None:
        if self._head_due is None:
            self._head_due = self.loop.call_later(self.doorman.bounds.header_seconds, self._no_head)

    def _stop_expecting_head(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _no_head(self) -> None:
        self.doorman.refused("slow_head")
        self.abort()

    def _expect_reader(self) -> None:
        if self._read_due is None:
            self._read_due = self.loop.call_later(self.doorman.bounds.write_seconds, self._no_reader)

    def _stop_expecting_reader(self) -> None:
        if self._read_due is not None:
            self._read_due.cancel()
            self._read_due = None

    def _no_reader(self) -> None:
        self._read_due = None
        if self.transport.get_write_buffer_size():
            self.doorman.refused("slow_read")
            self.abort()


def bounded_by(doorman: Doorman) -> type[BoundedProtocol]:
    """The protocol class of one server."""
    return type("BoundedProtocol", (BoundedProtocol,), {"doorman": doorman})
