"""Lines above the table: exports of ad managers begin with the name of the report and its dates."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LOOKED_AT: Final = 12
_FEWEST_COLUMNS: Final = 3
_SEPARATORS: Final = (",", ";", "\t")


@contextmanager
def headed(path: Path) -> Iterator[tuple[Path, int]]:
    """The file from its line of column names on, and how many lines stood above; a file without such lines as it is."""
    above = _above(path) if path.suffix.lower() in (".csv", ".tsv", ".txt") else 0
    if not above:
        yield path, 0
        return
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / path.name
        with path.open("rb") as source, held.open("wb") as target:
            for _ in range(above):
                source.readline()
            while block := source.read(1 << 20):
                target.write(block)
        yield held, above


def _above(path: Path) -> int:
    """Lines with fewer columns than the widest of the first ones, at the beginning; 0 if most lines are that narrow."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            lines = [line for _, line in zip(range(_LOOKED_AT), file, strict=False)]
    except OSError:
        return 0  # whoever reads it says what is wrong
    by_separator = [[len(row) for line in lines for row in csv.reader([line], delimiter=separator)] for separator in _SEPARATORS]
    # Decimal commas are not what splits: the separator makes most columns of the usual line.
    counts = max(by_separator, key=lambda found: sorted(found)[len(found) // 2] if found else 0)
    if max(counts, default=0) < _FEWEST_COLUMNS:
        return 0
    first = next(place for place, count in enumerate(counts) if count >= _FEWEST_COLUMNS)
    return first if all(count >= _FEWEST_COLUMNS for count in counts[first:]) else 0
