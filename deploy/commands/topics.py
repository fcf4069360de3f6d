"""`shelfcast topics`: lists the topics, creates those that are missing, tells the rights that each process needs."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from consumers.ads.ads_settings import AdsSettings
from consumers.archive.archive_settings import ArchiveSettings
from consumers.replenishment.replenishment_settings import ReplenishSettings
from consumers.runtime.consumer_settings import ConsumeSettings
from streams.contract.errors import UsageError
from streams.contract.settings import KafkaSettings, WorkerSettings
from streams.contract.topics import DEFAULT_PARTITIONS, TOPICS
from streams.kafka.brokers import ensure_topics, metadata
from streams.kafka.rights import Groups, kafka_acls, rights_of

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="List or create the topics; tell the rights."
)


@app.command("list")
def list_topics(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List what each topic holds, its retention, and its number of partitions on the broker."""
    found = metadata(KafkaSettings.read()).topics
    rows = [
        {
            "topic": t.name,
            "holds": t.purpose,
            "retention_days": t.retention_ms // 86_400_000,
            "partitions": len(found[t.name].partitions) if t.name in found else 0,
        }
        for t in TOPICS
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table("topic", "partitions", "retention", "holds")
    for row in rows:
        table.add_row(str(row["topic"]), str(row["partitions"] or "missing"), f"{row['retention_days']} days", str(row["holds"]))
    Console().print(table)


@app.command("create")
def create(
    partitions: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help=f"Partitions of every topic, fixed forever; {DEFAULT_PARTITIONS} if there are no topics yet."),
    ] = None,
    replication: Annotated[int, typer.Option(min=-1, max=10, help="Copies of each partition; -1: the broker's default.")] = -1,
) -> None:
    """Create the missing topics, all with the same number of partitions.

    The number cannot be changed later: it decides where a store's events go.
    """
    made = ensure_topics(KafkaSettings.read(), partitions, replication)
    typer.echo("created: " + ", ".join(made) if made else "all topics are there")


@app.command("acls")
def acls(
    process: Annotated[list[str] | None, typer.Argument(help="Processes or commands, as in worker gateway; none: all.")] = None,
    principal: Annotated[str, typer.Option(help="What stands before the process in the name of its user.")] = "User:shelfcast-",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Print the least rights of each process, as arguments of Kafka's kafka-acls.sh. Asks no broker.

    \b
    Examples:
      shelfcast topics acls worker gateway
      shelfcast topics acls | while read -r line; do
        eval "kafka-acls.sh --bootstrap-server kafka:9093 --command-config admin.properties $line"; done
    """
    consume = ConsumeSettings.read()
    groups = Groups(
        WorkerSettings.read().group,
        consume.statistics_group,
        consume.forecasts_group,
        ReplenishSettings.read().group,
        ArchiveSettings.read().group,
        AdsSettings.read().group,
    )
    every = rights_of(groups)
    if unknown := sorted(set(process or ()) - every.keys()):
        raise UsageError(f"{unknown[0]!r} needs no rights, or is no process: name some of {', '.join(every)}.")
    chosen = {name: every[name] for name in process or every}
    if as_json:
        typer.echo(json.dumps({name: [right._asdict() for right in rights] for name, rights in chosen.items()}, indent=1))
        return
    for name, rights in chosen.items():
        for line in kafka_acls(f"{principal}{name}", rights):
            typer.echo(line)
