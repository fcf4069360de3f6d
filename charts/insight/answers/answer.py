"""What a question gets: rows with everything needed to check them, or a question back."""

from collections.abc import Iterable
from typing import Any

import msgspec

from charts.insight.questions.form import Form

Cell = str | float | int | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question.

    Attributes
    ----------
    understood
        The question as it was understood, in English; empty if it was not.
    query
        The logical form on one line, and what was asked of the database.
    columns, rows
        A table; money in units of the currency, ratios as fractions, units with up to 3 decimals.
    refused, choices
        Whether there is no answer, and questions to ask instead. `ambiguous`: each is one reading of the question.
    reason
        Why it was refused.
    notes
        Sentences that limit what the rows say.
    watermark
        What the database held: its newest business date, the number of sale lines applied.
    currency
        That of amounts of money; None: there are none, or the sales name no currency.
    books
        Whether items add up to stores in the months that were asked about; absent for forecasts and their errors.

    """

    understood: str = ""
    query: dict[str, Any] = {}
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    refused: bool = False
    ambiguous: bool = False
    reason: str = ""
    choices: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    watermark: dict[str, Any] = {}
    books: dict[str, Any] | None = None
    currency: str | None = None
    form: Form | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON, without the form."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        del shown["form"]
        if self.books is None:
            del shown["books"]
        return shown


def decimals_of(column: Iterable[Cell]) -> int:
    """Decimals to show a column with: none if all its numbers are whole, two of amounts, four of ratios."""
    numbers = [cell for cell in column if isinstance(cell, int | float)]
    if all(number == int(number) for number in numbers):
        return 0
    return 4 if max(map(abs, numbers)) < 1 else 2
