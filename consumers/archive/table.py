"""One Delta Lake table: rows are appended together with how far its topic was read, in one commit, so that each takes effect once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from consumers.archive.rows import Kept, Row
from consumers.store.port import ContendedError
from streams.contract.errors import ServerError, UsageError

try:
    from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
except ImportError as error:
    raise UsageError("The archive needs Delta Lake: install it with `pip install 'shelfcast[archive]'`.") from error

UNUSED_HOURS: Final = 7 * 24
"""Files that no version of the last days uses are removed; a reader of an older version may still need them until then."""

SEQ: Final = "seq"
NEXT: Final = "next"


class ArchiveTable:
    """A table at a place. Its progress is kept by Delta's application transactions: a commit that another writer has overtaken is refused.

    place: folder or URL of the archive. A bucket's credentials come from the environment, as in AWS_ACCESS_KEY_ID.
    """

    def __init__(self, place: str, kept: Kept) -> None:
        self.kept = kept
        self.uri = f"{place.rstrip('/')}/{kept.name}"
        # Where a bucket can refuse to replace a file that another writer has just made, that is the lock.
        self._options = {"conditional_put": "etag"} if place.startswith("s3") else None
        self._table: DeltaTable | None = None

    def open(self, *, make: bool = False) -> DeltaTable:
        """The newest version; made empty if there is none and `make` is set. Raises UsageError, ServerError."""
        with self._speaking():
            try:
                if self._table is None:
                    self._table = DeltaTable(self.uri, storage_options=self._options)
                else:
                    self._table.update_incremental()
            except TableNotFoundError:
                if not make:
                    raise UsageError(f"There is no archive at {self.uri}: name the place that `shelfcast archive` writes to.") from None
                self._table = self._made()
        return self._table

    def _made(self) -> DeltaTable:
        about = f"shelfcast: {self.kept.topic}"
        # "ignore": two processes may begin at the same time.
        return DeltaTable.create(
            self.uri,
            self.kept.schema,
            mode="ignore",
            partition_by=["date"],
            name=self.kept.name,
            description=about,
            storage_options=self._options,
        )

    def progress(self, partition: int) -> tuple[int, int]:
        """Where to read a partition on, and the `seq` of its newest sale; as of the version that was opened last."""
        table = self._table if self._table is not None else self.open()
        with self._speaking():
            return table.transaction_version(_app(NEXT, partition)) or 0, table.transaction_version(_app(SEQ, partition)) or 0

    def append(self, rows: list[Row], progress: Mapping[int, tuple[int, int]]) -> None:
        """Add rows and set the progress of partitions, in one commit.

        Raises ContendedError if another writer committed one of these partitions since `open`, ServerError if the place cannot be used. In
        both cases the commit may stand or not: `open` tells.
        """
        assert self._table is not None
        marks = [Transaction(_app(NEXT, partition), next_offset) for partition, (next_offset, _) in progress.items()]
        if self.kept.numbered:
            marks += [Transaction(_app(SEQ, partition), seq) for partition, (_, seq) in progress.items()]
        with self._speaking():
            write_deltalake(
                self._table,
                pa.Table.from_pylist(rows, schema=self.kept.schema),
                mode="append",
                partition_by=["date"],
                commit_properties=CommitProperties(app_transactions=marks),
            )

    def compact(self) -> None:
        """Join small files, and remove those that have not been used for a week. Raises ServerError."""
        assert self._table is not None
        with self._speaking():
            self._table.optimize.compact()
            self._table.vacuum(retention_hours=UNUSED_HOURS, dry_run=False)
            self._table.create_checkpoint()
            self._table.cleanup_metadata()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except CommitFailedError as error:
            raise ContendedError(f"Another process writes to the archive {self.uri}.") from error
        except (DeltaError, OSError) as error:
            reason = str(error).partition("\n")[0][:300]
            raise ServerError(f"The archive {self.uri} cannot be used: {reason}") from error


def read_rows(table: DeltaTable, columns: list[str], where: Any = None) -> pa.Table:
    """Columns of a table in the order of partition and offset."""
    found = table.to_pyarrow_table(columns=columns, filters=where)
    return found.sort_by([("partition", "ascending"), ("log_offset", "ascending")])


def _app(what: str, partition: int) -> str:
    return f"shelfcast-{what}-{partition}"
