"""The name of the log from which the documents were made: events of another log must not be added to them."""

import logging
from typing import Final

from confluent_kafka import KafkaException

from consumers.store.mongo import MongoDocuments
from consumers.store.port import Change
from streams.contract.documents import LOG
from streams.contract.errors import UsageError
from streams.contract.settings import KafkaSettings
from streams.kafka.clients import admin
from streams.kafka.trouble import kafka_error

_ID: Final = "log"
_logger = logging.getLogger(__name__)


def cluster_id(kafka: KafkaSettings) -> str:
    """The id of the Kafka cluster, which names its log. Raises ServerError."""
    try:
        return str(admin(kafka).list_topics(timeout=5).cluster_id)
    except KafkaException as error:
        raise kafka_error(kafka, error) from error


def settle_identity(documents: MongoDocuments, log_id: str, *, drop_other: bool) -> None:
    """Check that the database belongs to the log `log_id`, or claim it if it belongs to none.

    drop_other: if it belongs to another log, remove everything, which is right where a log does not outlive its process; otherwise raise.
    Raises UsageError, ServerError.
    """
    known = documents.read(LOG, [_ID]).get(_ID)
    if known is not None and known["log_id"] == log_id:
        return
    if known is not None:
        if not drop_other:
            raise UsageError(
                f"MongoDB holds the statistics of the log {known['log_id']!r}, Kafka now has the log {log_id!r}: set "
                "MONGODB_DATABASE to a new name, or bring the old broker back. Nothing was changed."
            )
        _logger.warning("The embedded Kafka starts a new log: the statistics of the old one are removed.")
        documents.clear()
        known = None
    documents.write(LOG, [Change({"_id": _ID, "v": 0, "log_id": log_id}, None)])
