"""What the consumers ask of a database: read documents by id, write them back if nobody else has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from streams.contract.errors import ServerError

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A document to write, in place of the one whose `v` was read; None: there was none."""

    document: Document
    v_read: int | None


class ContendedError(ServerError):
    """Another writer changed a document between our read and our write: read again and apply what is newer."""


class Documents(Protocol):
    """A database of documents that carry `_id` and `v`."""

    def read(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        """The documents there are, by id. Raises ServerError."""
        ...

    def write(self, collection: str, changes: Sequence[Change]) -> None:
        """Write each document if its `v` is still the one that was read.

        Raises ContendedError when one is not, ServerError when the database cannot be used; some of the changes may
        then have been written.
        """
        ...

    def merge(self, collection: str, documents: Mapping[str, Document]) -> None:
        """Write documents whose content is decided by their id, whether or not they are there. Raises ServerError."""
        ...
