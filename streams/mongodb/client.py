"""The one place that makes clients of MongoDB: none waits for ever, and each says in MongoDB's log whose it is."""

from typing import Any, Final

from pymongo import MongoClient

from streams.contract.settings import MongoSettings

Document = dict[str, Any]

CONNECT_SECONDS: Final = 10.0
"""A small server that is busy answers late, and is not away."""

ANSWER_SECONDS: Final = 60.0
"""A server that stands still with its connections open would be waited for without end."""


def connect(
    mongo: MongoSettings, name: str, *, absent_seconds: float = 3.0, busy_seconds: float = CONNECT_SECONDS
) -> "MongoClient[Document]":
    """A client that gives up on an absent server after `absent_seconds`, so that the caller can say so and wait.

    busy_seconds: how long a server may leave a heartbeat unanswered; then all that was asked of it is given up.
    """
    return MongoClient(
        mongo.uri.reveal(),
        serverSelectionTimeoutMS=round(absent_seconds * 1000),
        connectTimeoutMS=round(busy_seconds * 1000),
        socketTimeoutMS=round(ANSWER_SECONDS * 1000),
        appname=name,
        tz_aware=True,
    )


def unconnected(uri: str) -> "MongoClient[Document]":
    """What pymongo makes of a URI, without looking for the server."""
    return MongoClient(uri, connect=False)
