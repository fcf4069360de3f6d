"""Turns a state into bytes and back: numbers, text and arrays, with a format version and a checksum. Never a pickle."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from xxhash import xxh3_128_digest

from streams.contract.errors import SnapshotError
from streams.processor.migrations import FORMAT, migrated

_MAGIC: Final = b"shelfcast"
_ARRAY: Final = 1
_DTYPES: Final = frozenset("?bhilqBHILQefd")
_BODY: Final = len(_MAGIC) + 2 + 16
"""Where the MessagePack begins: after the magic, the version and the checksum."""


def to_bytes(state: Mapping[str, Any]) -> bytearray:
    """A state of str keys and plain values or arrays as bytes: magic, version, checksum, MessagePack."""
    data = bytearray(_BODY)
    _encoder.encode_into(state, data, _BODY)  # in its place: another copy of a large state may not fit the memory
    with memoryview(data) as view:
        data[:_BODY] = _MAGIC + FORMAT.to_bytes(2, "big") + xxh3_128_digest(view[_BODY:])
    return data


def from_bytes(data: bytes | bytearray) -> dict[str, Any]:
    """The state in `data`, brought to the present format. Raises SnapshotError when it is not one, is corrupt, or is of a newer format."""
    start = len(_MAGIC) + 2
    if data[: len(_MAGIC)] != _MAGIC or len(data) < _BODY:
        raise SnapshotError("This is no shelfcast snapshot.")
    version = int.from_bytes(data[len(_MAGIC) : start], "big")
    if version > FORMAT:
        raise SnapshotError(f"The snapshot has format {version}, of a newer release, this program reads 1 to {FORMAT}: run that release.")
    if version < 1:
        raise SnapshotError(f"The snapshot has format {version}; this program reads 1 to {FORMAT}.")
    body = memoryview(data)[_BODY:]
    if xxh3_128_digest(body) != data[start:_BODY]:
        raise SnapshotError("The snapshot's checksum does not match: it is torn or corrupt.")
    state: dict[str, Any] = msgspec.msgpack.decode(body, ext_hook=_decode_array)
    try:
        return migrated(state, version)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotError(f"The snapshot says format {version}, but its state has another layout ({error!r}).") from error


def _encode_array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        header = msgspec.msgpack.encode((value.dtype.char, value.shape))
        return msgspec.msgpack.Ext(_ARRAY, b"".join((len(header).to_bytes(2, "big"), header, np.ascontiguousarray(value).data)))
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"A state holds plain numbers, text and arrays, not {type(value).__name__}.")


def _decode_array(code: int, data: memoryview) -> Any:
    if code != _ARRAY:
        raise SnapshotError(f"The snapshot holds an unknown extension {code}.")
    length = int.from_bytes(data[:2], "big")
    dtype, shape = msgspec.msgpack.decode(data[2 : 2 + length], type=tuple[str, tuple[int, ...]])
    if dtype not in _DTYPES:
        raise SnapshotError(f"The snapshot holds an array of type {dtype!r}.")
    return np.frombuffer(data[2 + length :], dtype).reshape(shape).copy()


_encoder: Final = msgspec.msgpack.Encoder(enc_hook=_encode_array)
