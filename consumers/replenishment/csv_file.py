"""An order as a CSV file: written whole or not at all, so a killed process leaves no half order."""

import csv
import hashlib
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

COLUMNS: Final = ("store", "origin", "item", "units", "chosen_by")
LONGEST_NAME: Final = 120
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write(directory: Path, order: dict[str, Any]) -> Path:
    """The file of an order, replaced in one step. Its name and content are decided by the order alone."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{_file_name(order['store'])}_{order['origin']}.csv"
    draft = path.with_suffix(f".{os.getpid()}.part")
    with draft.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for line in order["lines"]:
            rows.writerow((_cell(order["store"]), order["origin"], _cell(line["item"]), line["units"], line["chosen_by"]))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path


def _file_name(store: str) -> str:
    """A store's name as part of a file name: escaped, and shortened with a digest where it is long."""
    name = quote(store, safe=" ")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 17]}-{hashlib.sha256(store.encode()).hexdigest()[:16]}"


def _cell(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
