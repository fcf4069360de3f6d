"""Style, script and icon of the pages, under names that change with their content, so that a browser keeps them for ever."""

import hashlib
from pathlib import Path
from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter
from litestar.response import Response

from charts.web.web import problem

_FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


def _read() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(_FOLDER.iterdir()) if file.suffix in _KINDS}


_FILES: Final = _read()


def address_of(name: str) -> str:
    """The address of a file."""
    return f"/static/{hashlib.sha256(_FILES[name]).hexdigest()[:12]}/{name}"


STYLE, SCRIPT, ICON = address_of("desk.css"), address_of("desk.js"), address_of("icon.svg")
TILL_SCRIPT: Final = address_of("till.js")
WORKER: Final = _FILES["worker.js"]
"""Keeps the till's page for times without a connection; served under an address of its own, because a browser asks for it again."""


def file_routes() -> list[HTTPRouteHandler]:
    """`/static/...`."""

    @get("/static/{digest:str}/{name:str}", include_in_schema=False, opt={"checks_stores": True}, sync_to_thread=False)
    def file(digest: Annotated[str, PathParameter()], name: Annotated[str, PathParameter()]) -> Response[bytes]:
        content = _FILES.get(name)
        if content is None or address_of(name) != f"/static/{digest}/{name}":
            return problem(404, "There is no such file: load the page again.")
        return Response(content, headers={"Content-Type": _KINDS[Path(name).suffix], "Cache-Control": _FOR_EVER})

    return [file]
