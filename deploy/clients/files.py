"""The generated files of the clients."""

from pathlib import Path

from deploy.clients.document import api_document
from deploy.clients.javascript_client import javascript_text, types_text
from deploy.clients.python_client import python_text

_ROOM = Path(__file__).parent


def client_files() -> dict[Path, str]:
    """Each generated file and what it should hold."""
    document = api_document()
    javascript = _ROOM / "javascript"
    return {
        _ROOM / "python" / "shelfcast_client" / "api.py": python_text(document),
        javascript / "index.js": javascript_text(document),
        javascript / "index.d.ts": types_text(document),
    }
