"""The error tree.

ShelfcastError                 foreseeable; the command line prints its sentence and no traceback
├── SettingsError              a setting is missing or wrong: says which and what to set          (exit 2)
├── UsageError                 a command cannot work with what it was given                      (exit 2)
├── FileError                  a file cannot be written: says which and why                        (exit 1)
├── ServerError                Kafka or MongoDB cannot be used: says which, where and what to do (exit 3)
├── DeliveryError              Kafka did not acknowledge a message in time                       (exit 3)
├── SnapshotError              a snapshot cannot be used: torn, corrupt, of another version
├── LogTruncatedError          the log below the committed offset is gone: needs a decision      (exit 4)
├── StalledError               there is lag and no progress: the supervisor should restart       (exit 5)
├── EventFault                 the program failed at an event, which is put aside: restart       (exit 6)
└── RejectedEvent              an event cannot be accepted: goes to the dead letters with its reason
"""

from typing import ClassVar


class ShelfcastError(Exception):
    """A foreseeable error; its text is a sentence that says what to do."""

    exit_code: ClassVar[int] = 1


class SettingsError(ShelfcastError):
    """A setting is missing or wrong."""

    exit_code = 2


class UsageError(ShelfcastError):
    """A command cannot work with what it was given."""

    exit_code = 2


class FileError(ShelfcastError):
    """A file cannot be written."""


class ServerError(ShelfcastError):
    """A server cannot be reached, or refuses us."""

    exit_code = 3


class DeliveryError(ShelfcastError):
    """Kafka did not acknowledge a message in time."""

    exit_code = 3


class SnapshotError(ShelfcastError):
    """A snapshot cannot be used."""


class LogTruncatedError(ShelfcastError):
    """Retention has deleted events that a state still needs."""

    exit_code = 4


class StalledError(ShelfcastError):
    """There is lag and no progress."""

    exit_code = 5


class EventFault(ShelfcastError):  # noqa: N818  named after the event, as RejectedEvent
    """The program failed at an event; the state it left must not be used.

    partition, offset: where the event stands. place: where the error arose, as `module:line Type`.
    """

    exit_code = 6

    def __init__(self, partition: int, offset: int, place: str) -> None:
        super().__init__(
            f"The program failed at the event at offset {offset} of partition {partition} ({place}). "
            "The event is put aside (`shelfcast deadletters list --reason internal_error`); please report it."
        )
        self.partition = partition
        self.offset = offset
        self.place = place


class RejectedEvent(ShelfcastError):  # noqa: N818  a verdict on an event, not a failure of ours
    """An event that cannot be accepted.

    reason: one of `REASONS`, for counting; the text: a sentence that says what to change; field: which one, where it is one.
    """

    def __init__(self, reason: str, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.field = field


REASONS = (
    "not_json",
    "too_large",
    "unknown_type",
    "invalid",
    "time_out_of_range",
    "wrong_partition",
    "conflict",
    "too_many_stores",
    "too_many_items",
    "too_many_plans",
    "internal_error",
)
"""The reasons for which events are rejected; also the values of the metrics' label `reason`."""
