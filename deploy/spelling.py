"""Finds environment variables that look like settings but are not; each start warns of them and suggests the nearest setting."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

OURS: Final = "SHELFCAST_"
LIKE_SETTINGS: Final = ("SHEL", "KAFKA", "MONGO")
_CLOSE: Final = 0.8
_NO_SETTINGS: Final = frozenset(
    {"SHELFCAST_LIFELINE", "SHELFCAST_TESTS_MAY_DELETE_TOPICS", "SHELFCAST_TESTS_MLFLOW", "SHELFCAST_METRICS_KEY", "SHELFCAST_CASES"}
)
_SERVICE_LINK: Final = re.compile(r"_SERVICE_(HOST|PORT)(_|$)|_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$")
"""Variables that Kubernetes and Docker set in every container for each service beside it."""


def unknown_variables(environ: Mapping[str, str], settings: Iterable[str]) -> Iterator[str]:
    """A sentence for each variable that was probably meant to be a setting.

    Every unknown SHELFCAST_ name gets one; other names only if they are close to a setting: KAFKA_HEAP_OPTS belongs to another program.
    """
    known = sorted(settings)
    for name in sorted(environ):
        if not name.startswith(LIKE_SETTINGS) or name in known or name in _NO_SETTINGS:
            continue
        nearest = nearest_setting(name, known)
        if _SERVICE_LINK.search(name) and (nearest is None or environ[name].startswith(("tcp://", "udp://"))):
            continue
        if nearest is not None:
            yield f"{name} is not a setting and does nothing: did you mean {nearest}?"
        elif name.startswith(OURS):
            yield f"{name} is not a setting and does nothing: `shelfcast settings` lists them."


def nearest_setting(name: str, known: Iterable[str]) -> str | None:
    """The setting that was probably meant; None if no name is close."""
    found = difflib.get_close_matches(name, known, 1, _CLOSE)
    return found[0] if found else None
