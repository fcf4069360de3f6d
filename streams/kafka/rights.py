"""The least rights that each process needs at a Kafka with access control, as data."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, NamedTuple

from streams.contract.topics import ACCEPTED, AD_ADVICE, AD_EVENTS, AD_TOPICS, EVENTS, FORECASTS, REJECTED, SNAPSHOTS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

READ: Final = "Read"
WRITE: Final = "Write"
DESCRIBE: Final = "Describe"
CONFIGS: Final = "DescribeConfigs"
CREATE: Final = "Create"

ARCHIVE_TABLES: Final = ("events", "sales", "forecasts", "dead_letters")
"""Each is read in a group of its own."""


class Right(NamedTuple):
    """Operations on one topic, group or the cluster, in Kafka's words. Read and Write let a user describe what they are for."""

    kind: str
    name: str
    operations: tuple[str, ...]


class Groups(NamedTuple):
    """The consumer groups, as the settings name them."""

    worker: str
    statistics: str
    forecasts: str
    replenishment: str
    archive: str
    ads: str = "shelfcast-ads"


def rights_of(groups: Groups) -> Mapping[str, tuple[Right, ...]]:
    """By process or command: what its user must be allowed."""
    watched = (_group(groups.worker, DESCRIBE), _group(groups.statistics, DESCRIBE), _group(groups.forecasts, DESCRIBE))
    publishes = (_topic(EVENTS, WRITE),)
    return {
        "gateway": publishes,
        "worker": (
            _topic(EVENTS, READ, CONFIGS),
            *(_topic(name, WRITE, CONFIGS) for name in (ACCEPTED, FORECASTS, REJECTED)),
            _topic(SNAPSHOTS, READ, WRITE, CONFIGS),
            _group(groups.worker, READ),
        ),
        "consume": (_topic(ACCEPTED, READ), _topic(FORECASTS, READ), _group(groups.statistics, READ), _group(groups.forecasts, READ)),
        "replenish": (_topic(FORECASTS, READ), _group(groups.replenishment, READ)),
        "ads": (_topic(AD_EVENTS, READ, WRITE), _topic(AD_ADVICE, WRITE), _group(groups.ads, READ)),
        "archive": (
            *(_topic(name, READ) for name in (EVENTS, ACCEPTED, FORECASTS, REJECTED)),
            *(_group(f"{groups.archive}-{table}", READ) for table in ARCHIVE_TABLES),
            _group(groups.archive, READ),
        ),
        "rebuild": (
            _topic(EVENTS, READ, CONFIGS),
            *(_topic(name, DESCRIBE, CONFIGS) for name in (ACCEPTED, FORECASTS, REJECTED)),
            _topic(SNAPSHOTS, READ, WRITE, CONFIGS),
            _group(groups.worker, READ),
        ),
        "web": (
            _topic(EVENTS, READ, WRITE),
            _topic(SNAPSHOTS, READ),
            *(_topic(name, DESCRIBE) for name in (ACCEPTED, FORECASTS, REJECTED)),
            *watched,
        ),
        "replay": (*publishes, _topic(ACCEPTED, DESCRIBE), *watched[:2]),
        "announce": publishes,
        "simulate": publishes,
        "shelf": publishes,
        "deadletters": (_topic(REJECTED, READ), _topic(EVENTS, WRITE)),
        "verify": (*(_topic(topic.name, READ) for topic in TOPICS), *watched),
        "doctor": (*(_topic(topic.name, READ, CONFIGS) for topic in TOPICS), *watched),
        "topics": (*(_topic(topic.name, CREATE, DESCRIBE) for topic in (*TOPICS, *AD_TOPICS)),),
    }


def kafka_acls(principal: str, rights: tuple[Right, ...]) -> Iterator[str]:
    """The arguments of Kafka's own `kafka-acls.sh`, quoted for a shell: a line for each right."""
    for right in rights:
        operations = [word for operation in right.operations for word in ("--operation", operation)]
        yield shlex.join(["--add", "--allow-principal", principal, *operations, f"--{right.kind}", right.name])


def _topic(name: str, *operations: str) -> Right:
    return Right("topic", name, operations)


def _group(name: str, *operations: str) -> Right:
    return Right("group", name, operations)
