"""What an archive holds: rows and progress of each table, and how many events were refused, by reason."""

from typing import Any

from consumers.archive.rows import TABLES
from consumers.archive.table import ArchiveTable


def held(place: str) -> dict[str, Any]:
    """Rows by table, first and last date, and the refused events by reason and date. Raises UsageError, ServerError."""
    told: dict[str, Any] = {}
    for kept in TABLES:
        table = ArchiveTable(place, kept).open(make=False)
        dates = sorted(part["date"] for part in table.partitions())
        told[kept.name] = {"rows": table.count(), "first": dates[0] if dates else None, "last": dates[-1] if dates else None}
        if kept.name == "dead_letters":
            told["refused"] = _refused(table.to_pyarrow_table(columns=["reason", "date"]))
    return told


def _refused(letters: Any) -> list[dict[str, Any]]:
    """Number of dead letters, copies included, by reason and date."""
    counted = letters.group_by(["reason", "date"]).aggregate([([], "count_all")])
    rows = [{"reason": row["reason"], "date": row["date"], "events": row["count_all"]} for row in counted.to_pylist()]
    return sorted(rows, key=lambda row: (row["date"], row["reason"]))
