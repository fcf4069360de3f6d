"""What decides about events and forecasts reads no clock, no file, no environment and no chance: import-linter holds the
clients, this the standard library."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = sorted(path for room in ("streams/processor", "online_model") for path in (ROOT / room).rglob("*.py"))
FORBIDDEN = {"asyncio", "io", "os", "pathlib", "random", "secrets", "socket", "subprocess", "tempfile", "threading", "time", "uuid"}
CALLS = {"open", "print", "input"}
CLOCKS = {"now", "today", "utcnow"}


def offences(source):
    """Imports and calls that a pure room must not have."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in CALLS:
                found.append(called.id)
            if isinstance(called, ast.Attribute) and called.attr in CLOCKS and isinstance(called.value, ast.Name):
                found += [f"{called.value.id}.{called.attr}"] * (called.value.id in {"date", "datetime", "dt"})
            if isinstance(called, ast.Attribute) and called.attr == "default_rng":
                found.append(called.attr)
        found += [name for name in names if name.split(".")[0] in FORBIDDEN]
    return found


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_reads_no_clock_file_environment_or_chance(path):
    assert offences(path.read_text()) == []


@pytest.mark.parametrize("line", ["import time", "from os import environ", "open('x')", "datetime.now()", "np.random.default_rng()"])
def test_an_offence_is_seen(line):
    assert offences(line)
