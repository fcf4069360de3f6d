"""`shelfcast archive`: keeps the topics as Delta Lake tables."""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from consumers.archive.archive_settings import ArchiveSettings
from deploy.connection import kafka_of
from deploy.exposition import serve_metrics


def archive(
    to: Annotated[str | None, typer.Option(help="Folder, or bucket as in s3://sales/archive; default: SHELFCAST_ARCHIVE.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Archive what stands in the topics now, then end.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Print as JSON what the archive holds, and refused events by reason.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics; 0 takes a free one.")] = None,
) -> None:
    """Write events, accepted sales, forecasts and dead letters to Delta Lake tables, each exactly once, until stopped.

    \b
    Examples:
      shelfcast archive --to /srv/archive
      AWS_ENDPOINT_URL=https://s3.example AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... shelfcast archive --to s3://sales/archive
      shelfcast archive --to /srv/archive --status
    """
    settings = ArchiveSettings.read(place=to, metrics_port=metrics_port)
    if status:
        from consumers.archive.quality import held  # noqa: PLC0415 - Delta Lake is an extra

        sys.stdout.write(json.dumps(held(settings.place), indent=2) + "\n")
        return
    from consumers.archive.service import ArchiveService  # noqa: PLC0415

    registry = CollectorRegistry()
    service = ArchiveService(kafka_of(data_dir), settings, registry)
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    signal.signal(signal.SIGINT, lambda *_: service.stop())
    stop_metrics = serve_metrics(registry, settings.metrics_host, settings.metrics_port, "SHELFCAST_ARCHIVE_METRICS_PORT")
    try:
        service.run(once=once)
    finally:
        stop_metrics()
