"""Sends clock ticks for the stores that are selling now, so that their days without sales close too."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from producers.gateway.telemetry import GatewayMetrics
from producers.publisher import Publisher
from streams.contract.codec import encode
from streams.contract.errors import DeliveryError
from streams.contract.messages import ClockTicked

LIVE_SECONDS: Final = 86_400.0
_REMEMBERED: Final = 10_000

_log = logging.getLogger(__name__)


class LiveStores:
    """Stores that had an event within a day of now; they stay until 10,000 newer ones push them out.

    A store that got only old sales, for example from a file, is not live: a tick would close the days of its next sales.
    """

    def __init__(self) -> None:
        self._stores: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._stores)

    def saw(self, newest: Mapping[str, float], now: float) -> None:
        """Events of these stores were stored, the newest of each at this time."""
        for store, at in newest.items():
            if at >= now - LIVE_SECONDS:
                self._stores[store] = None
                self._stores.move_to_end(store)
        while len(self._stores) > _REMEMBERED:
            self._stores.popitem(last=False)

    def ticks(self, now: float) -> tuple[list[bytes], list[bytes]]:
        """Key and bytes of a tick for each."""
        stores = list(self._stores)
        return [store.encode() for store in stores], [encode(ClockTicked(store=store, at=now)) for store in stores]


async def tick(stores: LiveStores, publisher: Publisher, metrics: GatewayMetrics, every_seconds: float) -> None:
    """Publish ticks for ever. A tick that Kafka does not take is left out: the next one says more."""
    while True:
        await asyncio.sleep(every_seconds)
        keys, raws = stores.ticks(time.time())
        if not keys:
            continue
        try:
            await publisher.publish_all(keys, raws).arrived(every_seconds)
        except DeliveryError as error:
            _log.warning("no clock ticks this time: %s", error)
        else:
            metrics.ticks.inc(len(keys))
