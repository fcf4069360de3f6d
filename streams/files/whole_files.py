"""Files that exist completely or not at all: a full disk or a killed process leaves no half file under the name."""

import os
from pathlib import Path

from streams.contract.errors import FileError


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file, replacing an older one in one step. Raises FileError.

    What is not a regular file, such as a pipe or a device, is written to directly.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from None


def make_folder(path: Path) -> None:
    """Make a folder unless it exists. Raises FileError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"The folder {path} cannot be made: {error.strerror or error}.") from None


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
