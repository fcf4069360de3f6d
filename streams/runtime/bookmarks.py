"""The metadata of a commit: where the snapshot stands, which events are put aside, and where a process died.

Metadata that only names the snapshot keeps the form that earlier releases wrote and read.
"""

from __future__ import annotations

from typing import Final

import msgspec

from streams.runtime.snapshots import Place

MAX_BYTES: Final = 3500
"""Kafka takes 4,096 bytes of metadata unless told otherwise (`offset.metadata.max.bytes`)."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Events that are about to be applied: the offsets from `first` up to `end`.

    deaths: how often a process has already died with this mark.
    """

    first: int
    end: int
    deaths: int = 0

    @property
    def single(self) -> bool:
        """Whether it stands at one event alone."""
        return self.end == self.first + 1


class Bookmark(Place, frozen=True, omit_defaults=True):
    """The metadata of a commit.

    lives: number of processes that began to apply events from this offset; none has reached the next snapshot.
    put_aside: offsets of events that are not applied, and where the program failed at each; the newest last.
    """

    lives: int = 0
    mark: Mark | None = None
    put_aside: tuple[tuple[int, str], ...] = ()

    def moved(self, place: str, next_offset: int, *, careful: bool) -> Bookmark:
        """The bookmark at a newer snapshot, whose place is given as written.

        careful: the events that killed a process may still lie ahead, so its death is not forgotten.
        """
        there = msgspec.json.decode(place, type=Bookmark)
        mark = self.mark if self.mark is not None and self.mark.end > next_offset else None
        return msgspec.structs.replace(there, lives=self.lives if careful else 0, mark=mark, put_aside=self.put_aside)

    def write(self) -> str:
        """The metadata, without the oldest decisions if it would not fit."""
        bookmark = self
        while len(text := msgspec.json.encode(bookmark)) > MAX_BYTES and bookmark.put_aside:
            bookmark = msgspec.structs.replace(bookmark, put_aside=bookmark.put_aside[1:])
        return text.decode()


NO_SNAPSHOT: Final = Bookmark("", 0, 0, 0, 0)


def read(metadata: str) -> Bookmark:
    """What a commit's metadata says; that of another writer says nothing."""
    try:
        return msgspec.json.decode(metadata, type=Bookmark)
    except msgspec.DecodeError:
        return NO_SNAPSHOT


def names_snapshot(metadata: str) -> bool:
    """Whether a snapshot is to be looked for where the metadata says; what cannot be read is told by who looks."""
    try:
        return bool(msgspec.json.decode(metadata, type=Bookmark).id)
    except msgspec.DecodeError:
        return True
