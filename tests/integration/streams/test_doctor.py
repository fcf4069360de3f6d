"""What doctor finds out about the events that wait, by taking them as the worker would."""

from confluent_kafka import TopicPartition

from deploy.commands.doctor import examine
from streams.contract.settings import MongoSettings, Secret
from streams.contract.topics import EVENTS
from streams.processor.processor import Processor
from tests.servers.traffic import publish, traffic

NO_DATABASE = MongoSettings(Secret("mongodb://127.0.0.1:1"))


def found(kafka, workers):
    return next(one for one in examine(kafka.settings, NO_DATABASE, workers.settings) if one.check == "worker")


def test_an_event_at_which_the_program_fails_is_named_by_its_place(kafka, workers, monkeypatch):
    publish(kafka.settings, traffic(500, seed=81).messages)
    waiting = found(kafka, workers)
    assert (waiting.state, "are not committed" in waiting.found) == ("warn", True)

    def fails(self, sale, *_):
        raise ZeroDivisionError("planted at Berlin")

    monkeypatch.setattr(Processor, "_learn", fails)
    poisoned = found(kafka, workers)
    assert poisoned.state == "fail"
    assert "the program fails at the event at partition 0 offset " in poisoned.found
    assert poisoned.found.endswith(" ZeroDivisionError)")
    assert "Berlin" not in poisoned.found, "it tells what stood in the event"
    assert "deadletters list --reason internal_error" in poisoned.todo


def test_a_log_that_was_cut_before_it_was_taken_is_named(real_kafka, workers):
    publish(real_kafka.settings, traffic(500, seed=82).messages)
    admin = real_kafka.admin()
    for future in admin.delete_records([TopicPartition(EVENTS, 1, 20)], request_timeout=20).values():
        future.result(30)
    cut = found(real_kafka, workers)
    assert (cut.state, cut.found) == ("fail", "partition 1 has no commit, the log begins at 20")
    assert "SHELFCAST_ACCEPT_TRUNCATED_LOG=true" in cut.todo
