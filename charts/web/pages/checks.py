"""Checks that may take minutes: each runs beside the pages when somebody asks for it, and its newest result is shown."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.web.pages.bodies import answered_json, body_of
from charts.web.pages.outside import Finding
from charts.web.web import AnyRequest
from streams.contract.errors import ShelfcastError, UsageError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """A check as it stands. at: when the newest result came, epoch seconds; None: there is none yet."""

    name: str
    runs: bool
    at: float | None
    findings: Sequence[Finding]


class Checks:
    """Runs checks, each at most once at a time. clock: epoch seconds."""

    def __init__(self, checks: Mapping[str, Callable[[], Sequence[Finding]]], clock: Callable[[], float]) -> None:
        self._checks, self._clock = checks, clock
        self._lock = threading.Lock()
        self._found = {name: Checked(name, runs=False, at=None, findings=()) for name in checks}

    def shown(self) -> list[Checked]:
        """Each check with its newest result."""
        with self._lock:
            return list(self._found.values())

    def start(self, name: str) -> None:
        """Begin a check, unless it runs. Raises UsageError for an unknown one."""
        if name not in self._checks:
            raise UsageError(f"There is no check {name!r} here: there are {', '.join(self._checks) or 'none'}.")
        with self._lock:
            before = self._found[name]
            if before.runs:
                return
            self._found[name] = Checked(name, runs=True, at=before.at, findings=before.findings)
        threading.Thread(target=self._run, args=(name,), name=f"check-{name}", daemon=True).start()

    def _run(self, name: str) -> None:
        try:
            findings = self._checks[name]()
        except ShelfcastError as error:
            findings = [Finding(name, "warn", str(error))]
        except Exception:  # noqa: BLE001  logged, and told on the page
            _log.exception("The check %s failed", name)
            findings = [Finding(name, "bad", "Something unforeseen went wrong: see the log of shelfcast web.")]
        with self._lock:
            self._found[name] = Checked(name, runs=False, at=self._clock(), findings=findings)


def check_routes(checks: Checks) -> list[HTTPRouteHandler]:
    """`POST /health/checks`."""

    @post("/health/checks", include_in_schema=False, status_code=200, opt={"needs": "operate"})
    async def start(request: AnyRequest) -> Response[Any]:
        body = await body_of(request)

        def work() -> str:
            checks.start(str(body.get("name", "")))
            return "The check runs."

        return await answered_json(request, work)

    return [start]
