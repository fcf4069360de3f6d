"""Parts of the stock model that the ablation leaves out, one at a time, by replacing a name for the length of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

PARTS: dict[str, tuple] = {"nothing": ()}


@contextmanager
def without(part: str) -> Iterator[None]:
    """The model without a part."""
    with ExitStack() as stack:
        for owner, name, value in PARTS[part]:
            stack.enter_context(patch.object(owner, name, value))
        yield
