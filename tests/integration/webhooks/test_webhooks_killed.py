"""`shelfcast webhooks` killed with -9 at its work: its receiver gets every message, and each takes effect once."""

import http.server
import os
import random
import subprocess
import sys
import threading
import time

from consumers.webhooks.sending import signature
from streams.contract.codec import encode
from streams.contract.topics import FORECASTS
from streams.kafka.clients import producer
from tests.support.shop import drift, forecast
from tests.support.stand_ins import free_port

SECRET = "a-secret-of-enough-length-for-this"
MESSAGES = 24


class Receiver(http.server.ThreadingHTTPServer):
    """Takes messages by their ids, as a receiver should; refuses one attempt in ten."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.effects, self.attempts, self.wrong = {}, 0, []
        self.lock, self.rng = threading.Lock(), random.Random(3)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body, name = self.rfile.read(int(self.headers["Content-Length"])), self.headers["Webhook-Id"]
        server = self.server
        with server.lock:
            server.attempts += 1
            if self.headers["Webhook-Signature"] != signature(SECRET.encode(), name, int(self.headers["Webhook-Timestamp"]), body):
                server.wrong.append(name)
            refused = server.rng.random() < 0.1
            if not refused:
                server.effects.setdefault(name, []).append(body)
        self.send_response(503 if refused else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def running(kafka, file, log):
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "MONGODB_URI": "mongodb://127.0.0.1:1",  # it needs none
        "BUYER_SECRET": SECRET,
    }
    command = [sys.executable, "-m", "deploy.cli", "webhooks", "--file", str(file), "--metrics-port", str(free_port())]
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def test_every_message_arrives_and_takes_effect_once(kafka, tmp_path):
    receiver = Receiver()
    file, said = tmp_path / "webhooks.toml", tmp_path / "log"
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    file.write_text(f'[[webhook]]\nname = "buyer"\nurl = "{url}"\nsecret_env = "BUYER_SECRET"\ntypes = ["drift-detected.v1"]\n')
    sender = producer(kafka.settings, "test", {"partitioner": "murmur2_random", "linger.ms": 1})

    def send(numbers):
        for number in numbers:
            for message in (drift(number), forecast(number)):
                sender.produce(FORECASTS, encode(message), b"Berlin")
        assert sender.flush(20) == 0

    send(range(1000, 1001))
    with said.open("wb") as log:
        child = running(kafka.settings, file, log)
        try:
            probes = iter(range(2000, 3000))

            def begun():
                send([next(probes)])  # a hook begins with what comes after its first start
                time.sleep(0.1)
                return receiver.effects

            until(begun, 60, said.read_text)
            send(range(MESSAGES))
            until(lambda: len(receiver.effects) > MESSAGES // 3, 60, said.read_text)
            child.kill()
            child.wait()
            child = running(kafka.settings, file, log)
            wanted = {drift(number).id for number in range(MESSAGES)}
            until(lambda: wanted <= set(receiver.effects), 120, lambda: f"{wanted - set(receiver.effects)} {said.read_text()}")
        finally:
            child.kill()
            child.wait()
            receiver.shutdown()
            receiver.server_close()
    assert receiver.wrong == []
    assert receiver.attempts > sum(map(len, receiver.effects.values()))
    assert not any(name.endswith("-0") for name in receiver.effects), "a forecast was not asked for"
    assert drift(1000).id not in receiver.effects, "it came before the hook"
    for name, bodies in receiver.effects.items():
        assert len(set(bodies)) == 1, name  # what comes again is the same to the byte, so its id is enough to drop it
