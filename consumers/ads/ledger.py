"""The state of one account as a document: which reports were applied, what was learned from them, what was advised last."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import msgspec
import xxhash

from consumers.ads.advice import advise, arm_of
from consumers.store.port import Document
from online_model.ads.account import AdAccount
from streams.contract.ad_messages import AdReported, AdsAdvised
from streams.contract.documents import document_id
from streams.contract.errors import RejectedEvent

WINDOW: Final = 20_000
"""Newest event ids that an account remembers, to drop repeats."""
AHEAD_DAYS: Final = 2
"""A report of a day farther ahead of its arrival is refused: one wrong year would make every later report a late one."""
_DAY_SECONDS: Final = 86_400
_ID_BYTES: Final = 8


class RepeatedError(Exception):
    """A report that was applied before."""


class Ledger:
    """One account in one partition. v: offset of the newest report applied; -1: none."""

    def __init__(self, partition: int, name: str) -> None:
        self.partition = partition
        self.name = name
        self.v = -1
        self.currency: str | None = None
        self.account = AdAccount()
        self.advised: AdsAdvised | None = None
        self._ids: dict[bytes, None] = {}

    def apply(self, report: AdReported, offset: int, arrived: float) -> AdsAdvised | None:
        """Apply a report, once; returns the advice if it closed a day.

        arrived: when Kafka had it, seconds since 1970; 0: unknown. Raises RejectedEvent and RepeatedError; the
        report then counts as applied.
        """
        if offset <= self.v:
            return None
        self.v = offset
        day = _day_of(report, arrived)
        if report.currency is not None and self.currency is not None and report.currency != self.currency:
            sentence = f"The account {self.name} is in {self.currency} and the report in {report.currency}: give it an account of its own."
            raise RejectedEvent("invalid", sentence, "currency")
        if not self._is_new(report.event_id):
            raise RepeatedError
        self.currency = self.currency or report.currency
        clicks = -1.0 if report.clicks is None else report.clicks
        closed = self.account.report(arm_of(report.campaign, report.audience), day, report.spend, clicks, report.conversions)
        if closed is None:
            return None
        self.advised = advise(self.account, self.name, closed, self.partition, offset, self.currency)
        return self.advised

    def _is_new(self, event_id: str) -> bool:
        key = xxhash.xxh3_64_digest(event_id.encode())
        if key in self._ids:
            return False
        self._ids[key] = None
        if len(self._ids) > WINDOW:
            del self._ids[next(iter(self._ids))]
        return True

    @property
    def id(self) -> str:
        """Name of the document."""
        return document_id(self.partition, self.name)

    def document(self) -> Document:
        """The account as a document. The state is one text (base64), so that no server of MongoDB's protocol can bend it."""
        return {
            "_id": self.id,
            "v": self.v,
            "partition": self.partition,
            "account": self.name,
            "currency": self.currency,
            "state": _text(msgspec.msgpack.encode(self.account.dump())),
            "ids": _text(b"".join(self._ids)),
            "advised": None if self.advised is None else msgspec.json.encode(self.advised).decode(),
        }

    @classmethod
    def load(cls, document: Mapping[str, Any]) -> Ledger:
        """Restore what `document` returned."""
        self = cls(int(document["partition"]), str(document["account"]))
        self.v = int(document["v"])
        self.currency = document["currency"]
        self.account = AdAccount.load(msgspec.msgpack.decode(b64decode(document["state"])))
        ids = b64decode(document["ids"])
        self._ids = {ids[start : start + _ID_BYTES]: None for start in range(0, len(ids), _ID_BYTES)}
        if document["advised"] is not None:
            self.advised = msgspec.json.decode(document["advised"], type=AdsAdvised)
        return self


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


def _day_of(report: AdReported, arrived: float) -> int:
    """The ordinal of a report's day. Raises RejectedEvent."""
    try:
        day = date.fromisoformat(report.day).toordinal()
    except ValueError:
        raise RejectedEvent("invalid", f"day is no date: {report.day}.", "day") from None
    if arrived and day > date(1970, 1, 1).toordinal() + int(arrived // _DAY_SECONDS) + AHEAD_DAYS:
        raise RejectedEvent("time_out_of_range", f"The day {report.day} had not come when the report arrived: check the year.", "day")
    return day
