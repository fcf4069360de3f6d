"""Answers questions, learns from third months that have become known, and keeps the record of how good it was."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from streams.contract.errors import FileError, UsageError
from workbench.third_month.leave_one_out import LAST, MEAN, REGRESSION, Error, error_of
from workbench.third_month.months import Month
from workbench.third_month.question import Question
from workbench.third_month.regression import LEVELS, Regression

SHOWN: Final = 20
"""Newest rows of the record that are shown."""
MOST_LEARNED: Final = 100_000
_INPUTS: Final = ("rate", "sales of the first month", "sales of the second month")


class Band(msgspec.Struct, frozen=True):
    """An interval that should hold the true sales with probability `level`."""

    level: float
    low: float
    high: float


class Kept(msgspec.Struct, frozen=True):
    """A third month that became known, beside what had been forecast for it before it taught."""

    id: str
    rate: float
    sales_in_first_month: float
    sales_in_second_month: float
    sales_in_third_month: float
    regression: float
    mean: float
    as_last_month: float


class Record(msgspec.Struct, frozen=True):
    """How good the forecasts were so far: mean absolute errors over `n` third months, and how many lay inside the 80 % interval."""

    n: int
    regression: float | None = None
    mean: float | None = None
    as_last_month: float | None = None
    inside: int = 0


class Answer(msgspec.Struct, frozen=True):
    """The forecast of the third month, what else might be expected, and how far to trust it.

    n: rows that have taught. best: the method with the smallest error so far; forecasts of all methods are given.
    """

    sales_in_third_month: float
    intervals: list[Band]
    mean: float
    as_last_month: float
    best: str
    n: int
    warnings: list[str]
    learned: bool
    record: Record


class Desk:
    """The model, and the journal of what it learned after the file; the journal alone decides its state.

    months: the cleaned file. best: the method with the smallest leave-one-out error on it. journal: a file of one JSON line for each
    third month; None keeps it in memory only.
    """

    def __init__(self, months: Sequence[Month], best: str, journal: Path | None = None) -> None:
        self._regression = Regression(months)
        self._thirds = [month.third for month in months]
        self._file_best = best
        self._journal = journal
        self._ids: set[str] = set()
        self._inside = 0
        self.kept: list[Kept] = []
        for question in _read(journal):
            self._learn(question)

    @property
    def n(self) -> int:
        """Rows that have taught."""
        return self._regression.n

    def answer(self, question: Question) -> Answer:
        """Forecast, and then learn the third month if it is given and new. Raises FileError if the journal cannot be written."""
        forecast = self._regression.predict(question.rate, question.first, question.second)
        mean, warnings = float(np.mean(self._thirds)), self._warnings(question, forecast.leverage)
        learned = question.third is not None and not (question.id and question.id in self._ids)
        if learned:
            if len(self.kept) >= MOST_LEARNED:
                raise FileError(f"The journal holds {MOST_LEARNED:,} third months; no more are taken.")
            self._write(question)
            self._learn(question)
        bands = [Band(level, low, high) for level, (low, high) in forecast.intervals.items()]
        return Answer(forecast.mean, bands, mean, question.second, self.best, self.n, warnings, learned, self.record())

    @property
    def best(self) -> str:
        """The method with the smallest error on third months that came after the file; on the file itself while there are few."""
        record = self.record()
        if record.n < len(self._thirds) - record.n:
            return self._file_best
        errors = {REGRESSION: record.regression, MEAN: record.mean, LAST: record.as_last_month}
        return min(errors, key=lambda name: errors[name] or 0.0)

    def record(self) -> Record:
        """The errors of all forecasts whose third month became known."""
        if not self.kept:
            return Record(0)

        def error(name: str) -> Error:
            return error_of([getattr(one, name) - one.sales_in_third_month for one in self.kept])

        return Record(len(self.kept), error("regression").mae, error("mean").mae, error("as_last_month").mae, self._inside)

    def _learn(self, question: Question) -> None:
        assert question.third is not None
        forecast = self._regression.predict(question.rate, question.first, question.second)
        case = (question.rate, question.first, question.second)
        mean = float(np.mean(self._thirds))
        self.kept.append(Kept(question.id, *case, question.third, forecast.mean, mean, question.second))
        low, high = forecast.intervals.get(LEVELS[0], (0.0, float("inf")))
        self._inside += low <= question.third <= high
        self._regression.learn(*case, question.third)
        self._thirds.append(question.third)
        if question.id:
            self._ids.add(question.id)

    def _warnings(self, question: Question, leverage: float) -> list[str]:
        case = (question.rate, question.first, question.second)
        out = [
            f"The {name} {value:g} lies outside what the model has seen ({low:g} to {high:g}): the line may not go on there."
            for name, value, (low, high) in zip(_INPUTS, case, self._regression.seen, strict=True)
            if not low <= value <= high
        ]
        if not out and leverage > 1:
            out.append("Each number occurs in the rows, but no row is like this combination: the forecast is far from all that taught it.")
        freedom = self._regression.freedom
        if freedom < 10:
            out.append(f"{self.n} rows for {self.n - freedom} coefficients: the interval is wide because so little is known.")
        return out

    def _write(self, question: Question) -> None:
        if self._journal is None:
            return
        try:
            with self._journal.open("ab") as file:
                file.write(msgspec.json.encode(question) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise FileError(f"{self._journal} cannot be written: {error.strerror or error}.") from None


def _read(journal: Path | None) -> list[Question]:
    """The questions of a journal; a last line that a crash cut short is left out and cut off. Raises UsageError."""
    if journal is None or not journal.exists():
        return []
    try:
        data = journal.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        found = [msgspec.json.decode(line, type=Question) for line in whole.splitlines()]
        if len(whole) < len(data):
            os.truncate(journal, len(whole))
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"The journal {journal} cannot be read: {error}. Mend it, or name another one.") from None
    if any(question.third is None for question in found):
        raise UsageError(f"The journal {journal} has a line without the third month: mend it, or name another one.")
    return found
