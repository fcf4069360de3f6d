"""How far a reader has come in each partition; stored in the database beside what the reader wrote, and after it."""

from dataclasses import dataclass, replace

from consumers.store.port import Change, Document, Documents
from streams.contract.documents import PROGRESS, document_id
from streams.contract.errors import LogTruncatedError
from streams.kafka.ends import LogEnds


@dataclass(frozen=True, slots=True)
class Progress:
    """A partition's progress."""

    topic: str
    partition: int
    next_offset: int
    """Where to read on."""
    seq: int | None
    """`seq` of the newest accepted sale applied; None: nothing is applied, and the beginning of the log is gone."""
    v: int | None
    """Revision of the document; None: not written yet."""

    def moved(self, next_offset: int, seq: int | None) -> "Progress":
        """The progress after a batch."""
        return replace(self, next_offset=next_offset, seq=seq, v=0 if self.v is None else self.v + 1)

    def document(self, reader: str) -> Document:
        """The document that stores this progress."""
        return {
            "_id": document_id(reader, self.partition),
            "v": self.v,
            "reader": reader,
            "topic": self.topic,
            "partition": self.partition,
            "next_offset": self.next_offset,
            "seq": self.seq,
        }


def read_progress(documents: Documents, reader: str, topic: str, partition: int, ends: LogEnds) -> Progress:
    """The progress in a partition whose log spans `ends`; if none is stored, the beginning of the log.

    Raises LogTruncatedError if the log cannot be the one that was read before.
    """
    name = document_id(reader, partition)
    document = documents.read(PROGRESS, [name]).get(name)
    if document is None:
        return Progress(topic, partition, ends.low, 0 if ends.low == 0 else None, None)
    if document["next_offset"] > ends.high:
        raise LogTruncatedError(
            f"{topic} partition {partition} ends at offset {ends.high}, but MongoDB holds what stood before offset "
            f"{document['next_offset']}: it is another log. Name another MONGODB_DATABASE, or bring the old log back."
        )
    if document["next_offset"] < ends.low:
        raise LogTruncatedError(
            f"{topic} partition {partition} begins at offset {ends.low}, but MongoDB holds only what stood before offset "
            f"{document['next_offset']}: retention has removed what lies between. Rebuild into another "
            "MONGODB_DATABASE, or restore the topic from a backup."
        )
    return Progress(topic, partition, document["next_offset"], document["seq"], document["v"])


def write_progress(documents: Documents, reader: str, before: list[Progress], after: list[Progress]) -> None:
    """Write the progress of several partitions. Raises ContendedError, ServerError."""
    changes = [Change(new.document(reader), old.v) for old, new in zip(before, after, strict=True)]
    documents.write(PROGRESS, changes)
