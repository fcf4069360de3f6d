"""The Kafka stand-in: librdkafka's mock cluster, which speaks the real protocol on loopback. Runs as a child process.

It keeps its log in memory, about 5 MB per partition, ends with its parent, and prints its address as a line of JSON.
"""

import json
import signal
import sys
import threading

from confluent_kafka import Producer

from deploy.embedded import lifeline


def main() -> None:
    """Serve until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops us last
    lifeline.hold()
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    brokers = cluster.list_topics(timeout=20).brokers.values()
    sys.stdout.write(json.dumps({"address": ",".join(f"{b.host}:{b.port}" for b in brokers)}) + "\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
