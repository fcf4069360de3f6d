"""What the consumers need from a database: read documents by id, and write them back if nobody else has changed them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from streams.contract.errors import ServerError

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A document to write, and the `v` of the one that it replaces; None: there was none."""

    document: Document
    v_read: int | None


class ContendedError(ServerError):
    """Another writer changed a document between our read and our write: read again and apply what is newer."""


class Documents(Protocol):
    """A database of documents that carry `_id` and `v`."""

    def read(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        """The documents that exist, by id. Raises ServerError."""
        ...

    def write(self, collection: str, changes: Sequence[Change]) -> None:
        """Write each document if its `v` is still the one that was read.

        Raises ContendedError if one is not, ServerError if the database cannot be used; some of the changes may then be written.
        """
        ...

    def merge(self, collection: str, documents: Mapping[str, Document]) -> None:
        """Write documents whose id determines their content, whether or not they exist. Raises ServerError."""
        ...
