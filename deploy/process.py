"""Settings of the command line itself."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, Secret, setting


@dataclass(frozen=True, slots=True)
class ProcessSettings(FromEnvironment):
    """Settings of every command."""

    log_level: str = setting("SHELFCAST_LOG_LEVEL", "What is logged: DEBUG, INFO, WARNING or ERROR.", "INFO")
    log_id: str = setting("SHELFCAST_LOG_ID", "Name of the log that MongoDB holds; empty: the Kafka cluster's id.", "")
    database: Secret = setting("SHELFCAST_DATABASE", "SQLAlchemy URL that `shelfcast replay --query` reads.", Secret())
