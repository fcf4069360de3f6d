"""Follows the live worker: its nightly scores go to one MLflow run, whose card says how the served model does."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from streams.contract.codec import decode_output
from streams.contract.errors import ServerError
from streams.contract.messages import ForecastScored
from streams.contract.settings import KafkaSettings
from streams.contract.topics import FORECASTS
from streams.files.whole_files import write_whole
from streams.kafka.clients import consumer
from streams.kafka.quiet_log import RateLimited
from streams.kafka.trouble import sentence_of
from workbench.tracking.findings import environment
from workbench.tracking.mlflow_store import CARD, EXPERIMENT, begin, link_of, opened
from workbench.tracking.nights import Nights, Scores

GROUP: Final = "shelfcast-track"
LOG_TAG: Final = "shelfcast.log"
QUIET_SECONDS: Final = 5.0
"""After so long without a message the night is over: all stores have been scored."""
_AT_ONCE: Final = 2000
_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
_logger = logging.getLogger(__name__)


class LiveRun:
    """The MLflow run of one log, found again after a restart. card: where the card is written for people, too; None: nowhere."""

    def __init__(self, log_id: str, card: Path | None) -> None:
        self._log_id = log_id
        self._card = card
        self._newest: dict[str, Scores] = {}
        with opened() as (client, uri):
            run = _known(client, log_id) or begin(client, "live", {LOG_TAG: log_id})
            self.id, self.link = str(run.info.run_id), link_of(uri, run)

    def keep(self, nights: Sequence[Scores]) -> None:
        """Keep nights: the day is the step, and its end the time, so that a repeat adds nothing new. Raises ServerError.

        A night that has grown since is later by a millisecond a store, so that MLflow takes it for the newer one.
        """
        from mlflow.entities import Metric  # noqa: PLC0415 - only here

        metrics = [
            Metric(f"{one.horizon}.{name}", value, (one.day - _EPOCH + 1) * _DAY_MS + int(one.metrics["stores"]), one.day - _EPOCH)
            for one in nights
            for name, value in one.metrics.items()
        ]
        for one in nights:
            if one.horizon not in self._newest or self._newest[one.horizon].day <= one.day:
                self._newest[one.horizon] = one
        with opened() as (client, _), tempfile.TemporaryDirectory() as made:
            for first in range(0, len(metrics), 500):
                client.log_batch(self.id, metrics=metrics[first : first + 500])
            (Path(made) / CARD).write_text(self._text())
            client.log_artifact(self.id, str(Path(made) / CARD))
        if self._card is not None:
            write_whole(self._card, self._text())

    def _text(self) -> str:
        lines = ["# Model: shelfcast, as it serves", "", f"Run: {self.link}", "", f"Log: `{self._log_id}`", ""]
        lines += [
            "| horizon | newest night | WAPE | same-weekday mean | bias | in band | n | stores |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for name, one in sorted(self._newest.items()):
            cells = [one.metrics.get(key) for key in ("wape", "wape_same_weekday_mean", "bias", "in_band")]
            shown = " | ".join("" if value is None else f"{value:.3f}" for value in cells)
            lines.append(f"| {name} | {date.fromordinal(one.day)} | {shown} | {one.metrics['n']:,.0f} | {one.metrics['stores']:,.0f} |")
        return "\n".join([*lines, "", "## Made with", "", *(f"- {library} {number}" for library, number in environment().items())]) + "\n"


def _known(client: Any, log_id: str) -> Any | None:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return None
    quoted = log_id.replace("'", "")
    found = client.search_runs([experiment.experiment_id], f"tags.`{LOG_TAG}` = '{quoted}'", max_results=1)
    return found[0] if found else None


class Tracker:
    """Reads `sales.forecasts` in a group of its own until stopped; run one for a log."""

    def __init__(self, kafka: KafkaSettings, run: LiveRun, group: str = GROUP) -> None:
        self._run = run
        self._nights = Nights()
        self._next: dict[int, int] = {}
        self._heard = time.monotonic()
        self._log = RateLimited(_logger)
        self._stopping = threading.Event()
        more = {"auto.offset.reset": "earliest", "client.id": group, "fetch.wait.max.ms": 100, "session.timeout.ms": 10_000}
        self._consumer = consumer(kafka, group, more)

    def stop(self) -> None:
        """Stop after the messages at hand. Safe to call from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Read and keep until stopped."""
        self._consumer.subscribe([FORECASTS], on_assign=self._assign)
        try:
            while not self._stopping.is_set():
                messages = self._consumer.consume(_AT_ONCE, timeout=0.5)
                if messages:
                    self._heard = time.monotonic()
                self._take(messages)
                self._keep(quiet=time.monotonic() - self._heard > QUIET_SECONDS)
        finally:
            self._consumer.close()

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            partition, offset, error = message.partition(), message.offset(), message.error()
            if error is not None or partition is None or offset is None:
                if error is not None:
                    self._log.say(logging.WARNING, "kafka", f"Kafka: {sentence_of(error)}; trying again")
                continue
            self._next[partition] = offset + 1
            try:
                output = decode_output(message.value() or b"")
            except ValueError:
                continue  # `consume` counts and logs what cannot be read
            if isinstance(output, ForecastScored):
                self._nights.add(output, partition, offset)

    def _keep(self, *, quiet: bool) -> None:
        nights = self._nights.over(quiet=quiet)
        if nights:
            try:
                self._run.keep(nights)
            except ServerError as error:
                self._log.say(logging.WARNING, "mlflow", f"{error} Trying again; Kafka keeps the scores.")
                self._stopping.wait(2.0)
                return
            _logger.info("Kept the scores of %s nights in run %s.", len(nights), self._run.id)
        self._nights.kept(nights)
        self._commit()

    def _commit(self) -> None:
        places = [TopicPartition(FORECASTS, p, self._nights.safe(p, position)) for p, position in self._next.items()]
        if not places:
            return
        try:
            self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            self._log.say(logging.WARNING, "commit", f"Kafka did not take the commit: {sentence_of(error.args[0])}")

    def _assign(self, client: Consumer, partitions: list[TopicPartition]) -> None:
        self._nights, self._next = Nights(), {}
        client.assign(partitions)
