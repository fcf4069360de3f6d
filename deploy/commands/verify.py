"""`shelfcast verify`: checks whether the books balance."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from consumers.store.mongo import MongoDocuments
from consumers.verification.run import Verdict
from consumers.verification.run import verify as recount
from deploy.connection import servers
from streams.contract.settings import WorkerSettings
from streams.kafka.brokers import metadata
from streams.kafka.reading import TopicReader
from streams.mongodb.client import connect

SHOWN = 50


def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Wait up to this many seconds for what is still on its way.")] = 0.0,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> int:
    """Recount the log and compare it with MongoDB. Exit code 0: the books balance; 1: they do not.

    \b
    Every event must be accepted, rejected, a repeat, or of a kind that leaves no message (ticks, stock, shelves, announcements);
    units, revenue and profit of each store and day must equal the sum of the accepted sales. What is still on its way counts as
    lag, not as a difference.

    \b
    Event ids are compared as 128-bit hashes under a key drawn for each run: among a thousand million sales of a partition, two
    agree by chance in one run of 10^20. Memory: 32 bytes per accepted sale, twice that for a moment, and 1 byte per event.

    \b
    Examples:
      shelfcast verify
      shelfcast verify --json --wait 30
    """
    kafka, mongo = servers(data_dir)
    metadata(kafka)  # tells at once why Kafka cannot be used; reading would only time out
    group = WorkerSettings.read().group
    log, client = TopicReader(kafka, "shelfcast-verify"), connect(mongo, "shelfcast-verify")
    until = time.monotonic() + wait
    try:
        documents = MongoDocuments(client[mongo.database], mongo.shown)
        verdict = recount(log, documents, group)
        while (verdict.lag or not verdict.balanced) and time.monotonic() < until:
            time.sleep(1.0)
            verdict = recount(log, documents, group)
    finally:
        log.close()
        client.close()
    typer.echo(json.dumps(verdict.shown(), ensure_ascii=False, indent=2) if as_json else _told(verdict))
    return 0 if verdict.balanced else 1


def _told(verdict: Verdict) -> str:
    events = verdict.events
    rejected = ", ".join(f"{count:,} {reason}" for reason, count in events.rejected.items()) or "0"
    totals = verdict.shown()["totals"]
    money = totals.get("by_currency", [totals])
    lines = [
        f"Events in     {events.events:,} = {events.accepted:,} accepted + {events.duplicates:,} duplicates + rejected {rejected} "
        f"+ {events.other:,} of other kinds" + (f" + {events.pending:,} not reached yet" if events.pending else ""),
        f"In MongoDB    {totals['sales']:,} sale lines, {totals['units']} units, " + "; ".join(_money_told(one) for one in money),
        f"Lag           {verdict.lag:,}",
    ]
    lines += [f"DIFFERENCE    {difference.sentence}" for difference in verdict.differences[:SHOWN]]
    if len(verdict.differences) > SHOWN:
        lines.append(f"... and {len(verdict.differences) - SHOWN:,} more: --json lists all.")
    lines.append("The books balance." if verdict.balanced else f"The books do NOT balance: {len(verdict.differences):,} differences.")
    return "\n".join(lines)


def _money_told(money: dict[str, Any]) -> str:
    named = f" {money['currency'] or 'without a currency'}" if "currency" in money else ""
    return f"revenue {money['revenue']}{named}, profit {money['profit'] or 'not known'}{named if money['profit'] else ''}"
