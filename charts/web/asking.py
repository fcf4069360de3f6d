"""What a request asks for: its parameters checked, its Accept header weighed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from charts.figures.gallery import Question, checked
from streams.contract.codec import printable
from streams.contract.errors import UsageError

LONGEST: Final = 128
"""Characters of a parameter."""
PNG, SVG, JSON = "image/png", "image/svg+xml", "application/json"
PARAMETERS: Final = ("store", "item", "top", "from", "to", "currency")


def question_of(query: Iterable[tuple[str, str]], allowed: Sequence[str] = PARAMETERS) -> Question:
    """The question in a query string. Raises UsageError with a sentence that names the parameter."""
    values: dict[str, str] = {}
    for name, value in query:
        if name not in allowed:
            raise UsageError(f"There is no parameter {printable(name, 40)!r} here: use {', '.join(allowed)}.")
        if name in values:
            raise UsageError(f"{name} is given twice: give it once.")
        if len(value) > LONGEST:
            raise UsageError(f"{name} has {len(value)} characters: give at most {LONGEST}.")
        if value:
            values[name] = value
    top = values.get("top")
    if top is not None and not (top.isascii() and top.isdigit()):
        raise UsageError(f"top={printable(top, 40)!r}: give a whole number.")
    number = None if top is None else int(top)
    return checked(values.get("store"), values.get("item"), number, values.get("from"), values.get("to"), values.get("currency"))


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The offered media type a client likes best, the earlier of equals; None: none of them will do."""
    wishes = _wishes(accept)
    if not wishes:
        return offered[0]
    best, liked = None, 0.0
    for kind in offered:
        weight = max((wishes[pattern] for pattern in (kind, f"{kind.partition('/')[0]}/*", "*/*") if pattern in wishes), default=0.0)
        if kind in wishes:
            weight = wishes[kind]
        if weight > liked:
            best, liked = kind, weight
    return best


def _wishes(accept: str) -> Mapping[str, float]:
    wishes: dict[str, float] = {}
    for part in accept.split(",")[:50]:
        kind, *parameters = [piece.strip().lower() for piece in part.split(";")]
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name == "q":
                try:
                    weight = min(1.0, max(0.0, float(value)))
                except ValueError:
                    weight = 0.0
        if kind:
            wishes[kind] = weight
    return wishes
