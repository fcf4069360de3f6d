"""Where a server listens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Host and port; 0 takes a free one. what: the server, for people; variable: the setting of its port."""

    host: str
    port: int
    what: str
    variable: str
