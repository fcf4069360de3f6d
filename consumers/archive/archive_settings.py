"""Settings of the archive."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, setting


@dataclass(frozen=True, slots=True)
class ArchiveSettings(FromEnvironment):
    """Where the archive is, and how often it is written."""

    place: str = setting("SHELFCAST_ARCHIVE", "The archive: a folder, or a bucket as in s3://sales/archive.", "archive")
    group: str = setting("SHELFCAST_ARCHIVE_GROUP", "Consumer group of the archive; each topic adds its name.", "shelfcast-archive")
    batch_messages: int = setting(
        "SHELFCAST_ARCHIVE_MESSAGES", "Messages after which the archive is written.", 50_000, low=1, high=1_000_000
    )
    batch_seconds: float = setting(
        "SHELFCAST_ARCHIVE_SECONDS", "Longest time that messages gather before they are written.", 60.0, low=0.1, high=3600
    )
    compact_commits: int = setting(
        "SHELFCAST_ARCHIVE_COMPACT", "Writes of a table after which its small files are joined; files that are no longer used stay a week.",
        64, low=2, high=10_000,
    )  # fmt: skip
    metrics_host: str = setting(
        "SHELFCAST_METRICS_HOST",
        "Address of /metrics of worker and consumers. It needs no key: leave loopback only in a private network.",
        "127.0.0.1",
    )
    metrics_port: int = setting(
        "SHELFCAST_ARCHIVE_METRICS_PORT", "Port of the archive's /metrics; 0 takes a free one.", 9106, low=0, high=65_535
    )
