"""Where a server listens, and why it cannot."""

import errno
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Host and port; port 0 takes a free one. what: the server, for people. variable: the setting of its port."""

    host: str
    port: int
    what: str
    variable: str


def why_not(error: OSError | UnicodeError | OverflowError, host: str, port: int, host_variable: str, port_hint: str) -> str:
    """Why nothing can listen on an address, and what to set. port_hint: the settings that name the port."""
    where = f"{host}:{port}"
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"{where}: the host name cannot be resolved. Set {host_variable} to an address of this machine, as 127.0.0.1 or 0.0.0.0."
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"{where}: this machine has no such address. Set {host_variable} to one of its own, as 127.0.0.1 or 0.0.0.0."
    if number == errno.EACCES:
        return f"{where}: this user may not take a port below 1024. Set {port_hint} to one from 1024 to 65535."
    cause = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"{where}: {cause}. Set {port_hint} to a free port."
