"""Dump and load plain objects. State consists of numbers, strings, lists of them, and arrays; nothing else.

Every part of the model keeps its state in public attributes. Names with a leading underscore are caches that can be rebuilt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


def dump_fields(thing: object, prefix: str) -> dict[str, Any]:
    """The public attributes of an object under the keys `prefix.name`; arrays are copied."""
    out: dict[str, Any] = {}
    for name, value in vars(thing).items():
        if name.startswith("_"):
            continue
        if isinstance(value, np.ndarray):
            out[f"{prefix}.{name}"] = np.array(value, order="C")
        elif isinstance(value, list):
            out[f"{prefix}.{name}"] = list(value)
        elif value is None or isinstance(value, bool | int | float | str):
            out[f"{prefix}.{name}"] = value
        else:
            raise TypeError(f"{prefix}.{name}: {type(value).__name__} cannot be state")
    return out


def load_fields(thing: object, prefix: str, state: Mapping[str, Any]) -> None:
    """The reverse of `dump_fields`, onto an object as its class makes it.

    Raises ValueError where an array is of another shape than this program's: a step of the migration is missing.
    """
    for name, old in list(vars(thing).items()):
        if name.startswith("_"):
            continue
        value = state[f"{prefix}.{name}"]
        if isinstance(old, np.ndarray):
            fixed = old.shape if old.size else old.shape[:-1]  # an array that begins empty grows along its last axis
            if np.shape(value)[: len(fixed)] != fixed or np.ndim(value) != old.ndim:
                raise ValueError(f"{prefix}.{name} has the shape {np.shape(value)}, this program wants {old.shape}")
            setattr(thing, name, np.array(value, dtype=old.dtype, order="C"))
        elif isinstance(old, list):
            setattr(thing, name, list(value))
        elif old is None or value is None:
            setattr(thing, name, value)
        else:
            setattr(thing, name, type(old)(value))
