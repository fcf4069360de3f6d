"""What the demo replays: the real sales of an installed package, or a file of the user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from producers.sources import completejourney
from producers.sources.guess import guess
from producers.sources.mapping import Mapping, read_mapping, written
from producers.sources.rows import Source
from producers.sources.wire import AS_IT_IS, WireEvents, open_events_or_table, told
from streams.contract.errors import UsageError
from streams.files.whole_files import make_folder, write_whole


@dataclass(frozen=True, slots=True)
class DemoSource:
    """Rows, how to read them, and what to say about them on the screen."""

    rows: Source
    mapping: Mapping
    timezone: str
    country: str  # for public holidays; empty: none
    about: tuple[str, ...]


def open_source(sales: Path | None, mapping: Path | None, timezone: str | None, data_dir: Path) -> DemoSource:
    """The sales of the package, or of the file `sales`. Raises UsageError with a sentence."""
    if sales is None:
        journey = completejourney.load()
        return DemoSource(journey, journey.mapping, timezone or journey.timezone, "US", (journey.about,))
    if not sales.is_file():
        raise UsageError(f"There is no file {sales}.")
    rows = open_events_or_table(sales, mapped=mapping is not None)
    if isinstance(rows, WireEvents):
        return DemoSource(rows, AS_IT_IS, timezone or "UTC", "", (told(sales),))
    if mapping is not None:
        return DemoSource(rows, read_mapping(mapping), timezone or "UTC", "", (f"Columns as {mapping} says.",))
    first = next(iter(rows.read()), None)
    if first is None or not len(first):
        raise UsageError(f"{sales} has no rows: nothing to replay.")
    guessed = guess(first, timezone or "UTC")
    file = data_dir / (sales.stem + ".mapping.toml")
    make_folder(file.parent)
    write_whole(file, written(guessed.mapping, "Guessed; correct it and pass it with --mapping."))
    correct = f"Wrong? Edit {file} and run again with --mapping {file}."
    return DemoSource(rows, guessed.mapping, timezone or "UTC", "", (*guessed.sentences, correct))
