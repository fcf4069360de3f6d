"""A publisher without Kafka."""

from producers.delivery import Delivery
from producers.publisher import PublisherSettings
from streams.contract.errors import DeliveryError


class MemoryPublisher:
    """Takes messages into a list and acknowledges them; `fail_after` messages it breaks, as a killed broker would."""

    def __init__(self) -> None:
        self.settings = PublisherSettings()
        self.messages: list[tuple[bytes, bytes, float | None]] = []
        self.headers: list[dict[str, bytes] | None] = []
        self.fail_after: int | None = None
        self.away = False
        self.waiting = 0
        self.full = False

    def publish_all(self, keys, raws, timestamps=None, *, wait_seconds=0.0, headers=None):
        delivery = Delivery(len(raws))
        for place, (key, raw) in enumerate(zip(keys, raws, strict=True)):
            if self.fail_after is not None and len(self.messages) >= self.fail_after:
                raise DeliveryError("the broker is gone")
            if self.away:
                delivery.refuse(1, "away")
                continue
            self.headers.append(headers)
            self.messages.append((key, raw, None if timestamps is None else timestamps[place]))
            delivery.report(None, None)
        return delivery

    def reachable(self, timeout_seconds=2.0):
        return not self.away


def killed_and_resumed(publisher, chance, most, replay):
    """Run `replay()` until it ends, with a publisher that breaks up to five times within `most` messages: its result, and how often."""
    for kills in range(6):
        publisher.fail_after = None if kills == 5 else len(publisher.messages) + chance.randrange(most)
        try:
            return replay(), kills
        except DeliveryError:
            continue
    raise AssertionError("a publisher that does not break broke")
