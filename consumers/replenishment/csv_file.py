"""Writes an order as a CSV file, completely or not at all: a process that is killed leaves no half order."""

import hashlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from streams.files.spreadsheet import csv_text
from streams.files.whole_files import write_whole

COLUMNS: Final = ("store", "origin", "item", "units", "chosen_by")
LONGEST_NAME: Final = 120


def write(directory: Path, order: dict[str, Any]) -> Path:
    """Write the file of an order, replacing an older one in one step. Name and content depend on the order alone."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{_file_name(order['store'])}_{order['origin']}.csv"
    rows = ((order["store"], order["origin"], line["item"], line["units"], line["chosen_by"]) for line in order["lines"])
    write_whole(path, csv_text(COLUMNS, rows))
    return path


def _file_name(store: str) -> str:
    """A store's name as part of a file name: escaped, and if it is long, shortened with a digest."""
    name = quote(store, safe=" ")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 17]}-{hashlib.sha256(store.encode()).hexdigest()[:16]}"
