"""What msgspec complains of. It has no attributes for it: its sentence is read here and nowhere else."""

import re
from typing import Final, Literal, NamedTuple

import msgspec

_PATH: Final = re.compile(r"at `\$\.?([^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `([^`]*)`")


class Complaint(NamedTuple):
    """A message that does not fit its declaration.

    field: its path, as in `items[0].width`; None where it is the whole message. kind: the field is not there, has a value
    that is none of those there are, or is of another type or outside its limits.
    """

    field: str | None
    kind: Literal["missing", "unknown", "unfit"]


def complaint_of(error: msgspec.DecodeError) -> Complaint:
    """What a decoder complains of."""
    sentence = str(error)
    path = _PATH.search(sentence)
    inside = path[1] if path else ""
    if missing := _MISSING.search(sentence):
        return Complaint(f"{inside}.{missing[1]}" if inside else missing[1], "missing")
    return Complaint(inside or None, "unknown" if sentence.startswith("Invalid value") else "unfit")
