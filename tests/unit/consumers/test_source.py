"""When a batch ends: after a silence, not after all the time that it might take."""

import time
from types import SimpleNamespace

from consumers.runtime.source import SILENCE_SECONDS, KafkaSource
from streams.contract.settings import KafkaSettings

BATCH_SECONDS = 5.0


class Trickle:
    """A consumer that has a message every `pause` seconds, `count` in all."""

    def __init__(self, count, pause):
        self.left, self.pause, self.asked = count, pause, 0.0

    def consume(self, _number, timeout):
        if not self.left or self.pause > timeout:
            time.sleep(timeout)
            self.asked += timeout
            return []
        self.left -= 1
        time.sleep(self.pause)
        return [
            SimpleNamespace(
                error=lambda: None, timestamp=lambda: (1, 1000), partition=lambda: 0, offset=lambda: self.left, value=lambda: b"v"
            )
        ]


def source_of(consumer):
    source = KafkaSource(KafkaSettings("127.0.0.1:1"), "sales.accepted", "g", lambda: None)
    source._consumer.close()
    source._consumer = consumer
    return source


def test_a_silence_ends_a_batch():
    trickle = Trickle(3, 0.0)
    assert len(source_of(trickle).batch(20_000, BATCH_SECONDS, lambda: False)) == 3
    assert trickle.asked == SILENCE_SECONDS


def test_a_batch_goes_on_gathering_while_messages_come():
    trickle = Trickle(20, SILENCE_SECONDS / 10)
    assert len(source_of(trickle).batch(20_000, BATCH_SECONDS, lambda: False)) == 20


def test_a_batch_that_has_nothing_yet_waits_its_time():
    trickle = Trickle(0, 0.0)
    assert source_of(trickle).batch(20_000, 0.45, lambda: False) == []
    assert trickle.asked > 0.3
