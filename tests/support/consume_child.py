"""A consumer process for tests: python -m tests.support.consume_child BROKER URI DATABASE GROUP [WRITES].

With WRITES it kills itself, as by kill -9, right after so many bulk writes: between a write and what should follow it.
"""

import os
import signal
import sys

from prometheus_client import CollectorRegistry

from consumers.runtime.consumer_settings import ConsumeSettings
from consumers.runtime.service import ConsumerService
from consumers.store.mongo import MongoDocuments
from streams.contract.settings import KafkaSettings, MongoSettings, Secret


def main(broker: str, uri: str, database: str, group: str, writes: int | None) -> None:
    if writes is not None:
        left, write = [writes], MongoDocuments.write

        def dying_write(self, collection, changes):
            write(self, collection, changes)
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        MongoDocuments.write = dying_write
    settings = ConsumeSettings(
        statistics_group=group, forecasts_group=f"{group}-forecasts", batch_messages=400, batch_seconds=0.3, gap_alarm_seconds=2.0
    )
    service = ConsumerService(KafkaSettings(broker), MongoSettings(Secret(uri), database), settings, CollectorRegistry(), log_id="test")
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    service.run()


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]) if len(sys.argv) > 5 else None)
