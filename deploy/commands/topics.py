"""`shelfcast topics`: lists the topics, or creates those that are missing."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from streams.contract.settings import KafkaSettings
from streams.contract.topics import DEFAULT_PARTITIONS, TOPICS
from streams.kafka.brokers import ensure_topics, metadata

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="List or create the topics.")


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
