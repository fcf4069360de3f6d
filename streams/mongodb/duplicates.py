"""Whether MongoDB refused a document because its id was taken: somebody else was first."""

from typing import Any, Final

from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError

DUPLICATE_KEY: Final = 11000
_SQLITE: Final = "UNIQUE constraint failed"
"""Servers that speak MongoDB's protocol over SQLite pass on its words, without MongoDB's code."""


def is_duplicate(error: PyMongoError) -> bool:
    """Whether every document that the server refused with this error was refused for its id."""
    if isinstance(error, DuplicateKeyError):
        return True
    if isinstance(error, BulkWriteError):
        failed: list[dict[str, Any]] = (error.details or {}).get("writeErrors", [])
        return bool(failed) and all(one.get("code") == DUPLICATE_KEY for one in failed)
    return isinstance(error, OperationFailure) and _SQLITE in str(error)
