"""Writes all charts into a folder."""

from collections.abc import Iterator
from pathlib import Path

from charts.figures.draw import FORMATS, drawn
from charts.figures.gallery import CHARTS, Question
from charts.queries.sales import Finds
from streams.files.whole_files import make_folder, write_whole


def export_charts(database: Finds, out: Path, question: Question) -> Iterator[Path]:
    """Write every chart as PNG and SVG; yields each file once it is written. Raises ServerError, FileError."""
    make_folder(out)
    for name, ask in CHARTS.items():
        make = ask(database, question)
        for form in FORMATS:
            file = out / f"{name}.{form}"
            write_whole(file, drawn(make, form))
            yield file
