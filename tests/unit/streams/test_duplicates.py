"""A second document of an id is told apart from every other refusal, whichever server refuses it."""

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, OperationFailure

from streams.mongodb.duplicates import DUPLICATE_KEY, is_duplicate


def bulk(*codes):
    return BulkWriteError({"writeErrors": [{"code": code, "errmsg": ""} for code in codes]})


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("E11000 duplicate key error"),
        bulk(DUPLICATE_KEY),
        bulk(DUPLICATE_KEY, DUPLICATE_KEY),
        OperationFailure("UNIQUE constraint failed: documents.id"),
    ],
)
def test_a_taken_id_is_told(error):
    assert is_duplicate(error)


@pytest.mark.parametrize(
    "error",
    [bulk(), bulk(DUPLICATE_KEY, 121), bulk(8000), OperationFailure("not authorized", 13), AutoReconnect("UNIQUE constraint failed")],
)
def test_another_refusal_is_none(error):
    assert not is_duplicate(error)
