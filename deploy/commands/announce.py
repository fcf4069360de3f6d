"""`shelfcast announce`: promotions and closed days from a table.

An announcement says in advance what a store will do: which items it promotes, on which days it opens or stays closed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.connection import kafka_of
from producers.announcements.table import SHOWN, announced_in, as_messages, summary
from producers.sources.files import open_file
from streams.contract.codec import printable
from streams.contract.errors import DeliveryError, UsageError
from streams.kafka.brokers import metadata


def announce(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or Parquet file of promotions and of open or closed days.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Withdraw what the file announced.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Show what the file announces; publish nothing.")] = False,
    date_format: Annotated[str | None, typer.Option(help="Format of its dates, such as %d.%m.%Y; default: 2026-12-24.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Announce promotions and open or closed days to the forecasts. If one row is wrong, nothing is announced.

    Columns: store, first_day, last_day (both included; empty for a single day), and either item, which is then on promotion, or open: no
    if the store stays closed, yes if it opens on a day on which it usually does not. If two rows cover the same day of a store, the later
    one counts.

    \b
    Examples:
      shelfcast announce promotions.csv --check
      shelfcast announce closures.csv
      shelfcast announce promotions.csv --withdraw

    \b
    closures.csv:
      store,first_day,last_day,open
      berlin-1,2026-12-24,2026-12-26,no
      berlin-1,2026-12-27,,yes
    """
    found = announced_in(open_file(file).read(), datetime.now(UTC), date_format=date_format, withdraw=withdraw)
    if found.wrong:
        more = f"\n... and {len(found.wrong) - SHOWN:,} more rows." if len(found.wrong) > SHOWN else ""
        raise UsageError("Nothing was announced. Correct\n" + "\n".join(printable(line) for line in found.wrong[:SHOWN]) + more)
    if not found.announced:
        raise UsageError(f"{file.name} has no rows: nothing to announce.")
    told = summary(found.announced)
    if check:
        typer.echo(f"{file.name} {'withdraws' if withdraw else 'announces'}: {told}. Nothing was published.")
        return
    from producers.publisher import Publisher, PublisherSettings  # noqa: PLC0415 - `--check` needs no Kafka client

    kafka = kafka_of(data_dir)
    metadata(kafka)  # tells at once why Kafka cannot be used; publishing would only time out
    settings = PublisherSettings.read()
    seconds = settings.delivery_timeout_seconds
    with Publisher(kafka, settings) as publisher:
        try:
            publisher.publish_all(*as_messages(found.announced), wait_seconds=seconds).wait(seconds + 5)
        except DeliveryError as error:
            raise DeliveryError(f"{error} Run the same command again: repeating an announcement changes nothing.") from None
    typer.echo(f"{'Withdrawn' if withdraw else 'Announced'}: {told}. Forecasts take it into account from the next close of a day on.")
