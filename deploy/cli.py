"""The command line: `shelfcast COMMAND`. Each command's module is imported only when it is called."""

from __future__ import annotations

import difflib
import errno
import importlib
import logging
import os
import signal
import sys
from importlib.metadata import version
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy import spelling
from deploy.embedded import lifeline
from streams.contract.errors import ShelfcastError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("Start here", "a year of real sales through all of it: Kafka, models, forecasts, plans, charts"),
    "up": ("Start here", "everything for one shop on this machine: gateway, worker, consumers, web page"),
    "doctor": ("Start here", "check broker, topics, database, clock and state, and say what to do"),
    "gateway": ("Sales in", "the HTTP door for tills: POST /v1/sales"),
    "replay": ("Sales in", "turn a CSV, Parquet or NDJSON file, or a database, into sale events"),
    "announce": ("Sales in", "announce promotions and closed days from a table"),
    "simulate": ("Sales in", "a seeded shop with tills: the test bed for drift and load"),
    "deadletters": ("Sales in", "list refused events, correct them, send them again"),
    "worker": ("The stream", "learn from every sale, forecast, plan the shelf"),
    "consume": ("The stream", "write accepted sales and forecasts to MongoDB"),
    "replenish": ("The stream", "write purchase orders from the plans: an example of a downstream service"),
    "webhooks": ("The stream", "POST chosen messages to other programs, signed and tried again"),
    "archive": ("The stream", "keep the topics as Delta Lake tables, beyond Kafka's retention"),
    "web": ("Answers", "the page, charts and predictions over HTTP"),
    "charts": ("Answers", "charts as PNG and SVG files"),
    "ask": ("Answers", "a question in plain language, answered from the statistics"),
    "explain": ("Answers", "why a forecast is what it is, and why a day came otherwise"),
    "whatif": ("Answers", "the next 28 days under another promotion, calendar, lead time or shelf"),
    "report": ("Answers", "places, products, what to do about them: a page, pictures, tables"),
    "shelf": ("Answers", "describe a shelf, see its plan, simulate what planning earns"),
    "backtest": ("Answers", "how good the forecasts are on your own sales, against baselines"),
    "third-month": ("Workbench", "sales of the third month from rate and two months: a form, an API, its record"),
    "ads": ("Workbench", "what drives conversions of ads, and where the next money earns most"),
    "workbench": ("Workbench", "run a study whose steps stand in a file; what has not changed is kept"),
    "verify": ("Operation", "check that the books balance: the log against MongoDB"),
    "rebuild": ("Operation", "make the worker's state and MongoDB anew from an archive"),
    "topics": ("Operation", "list or create the topics, tell the rights that each process needs"),
    "keys": ("Operation", "make, list and withdraw API keys"),
    "users": ("Operation", "add, list and remove the people who use the page"),
    "schema": ("Operation", "JSON Schema and AsyncAPI of the messages"),
    "settings": ("Operation", "every environment variable: value, default and meaning"),
}

EXIT_CODES: Final = (
    "Exit codes: 0 done · 1 failed, or the answer is no · 2 wrong use or settings · 3 a server cannot be used · "
    "4 the log was truncated · 5 stalled, restart · 6 events put aside, restart · 130 stopped by Ctrl-C"
)


NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""A full disk, a quota, a limit of the shell, a read-only disk."""


def main() -> None:
    """Run the command that `sys.argv` names."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        _help()
        sys.exit(0)
    if arguments[0] == "--version":
        Console().print(f"shelfcast {version('shelfcast')}", highlight=False)
        sys.exit(0)
    name = arguments[0]
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean `shelfcast {close[0]}`?" if close else "`shelfcast --help` lists the commands."
        _say(f"There is no command {name!r}: {hint}")
        sys.exit(2)
    sys.exit(run(name, arguments[1:]))


def run(name: str, arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    _set_up_logging()
    # Before NumPy is loaded: the matrices are small, so threads would only wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not os.environ.get(lifeline.LIFELINE):  # for our own children, whoever started them has warned already
        _warn_of_misspellings()
    else:
        lifeline.hold(lambda: os.kill(os.getpid(), signal.SIGTERM))
    signal.signal(signal.SIGTERM, _terminated)  # as Ctrl-C, so that children stop too; servers set their own handler
    try:
        command = _command(name)
        result = command(args=arguments, prog_name=f"shelfcast {name}", standalone_mode=False)
        sys.stdout.flush()  # so that a full disk is reported here, not while the interpreter ends
    except ShelfcastError as error:
        _say(str(error))
        return error.exit_code
    except typer.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _say(f"{error.filename or 'The output'} cannot be written: {error.strerror}.")
        return 1
    except Exception as error:
        show = getattr(error, "show", None)  # click's own errors about the command line
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
    return result if isinstance(result, int) else 0


def _terminated(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


def _command(name: str) -> Any:
    module = importlib.import_module(f"deploy.commands.{name.replace('-', '_')}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
        app.command(context_settings={"help_option_names": ["-h", "--help"]})(getattr(module, name.replace("-", "_")))
    return typer.main.get_command(app)


def _help() -> None:
    console = Console()
    console.print("[bold]shelfcast[/] turns the sale events of tills into forecasts and shelf plans while the shop is open.\n")
    table = Table(box=None, show_header=False, padding=(0, 2))
    room = ""
    for name, (group, about) in COMMANDS.items():
        if group != room:
            table.add_row(f"[bold]{group}[/]", "")
            room = group
        table.add_row(f"  [cyan]{name}[/]", about)
    console.print(table)
    console.print(
        "\nExamples:\n  shelfcast demo\n  shelfcast demo --sales my-sales.csv\n  shelfcast gateway --help\n\n"
        "If no broker is named, stand-ins for Kafka and MongoDB start on this machine. With KAFKA_BOOTSTRAP_SERVERS and\n"
        "MONGODB_URI the same commands use yours.\n\n" + EXIT_CODES,
        highlight=False,
    )


def _say(sentence: str) -> None:
    Console(stderr=True).print(f"[red]shelfcast:[/] {escape(sentence)}", highlight=False, soft_wrap=True)


def _warn_of_misspellings() -> None:
    """Warn about variables that look like settings but are not. Costs nothing if there are none."""
    if not any(name.startswith(spelling.LIKE_SETTINGS) for name in os.environ):
        return
    from deploy.commands.settings import names  # noqa: PLC0415 - every room's settings

    for sentence in spelling.unknown_variables(os.environ, names()):
        Console(stderr=True).print(f"[yellow]shelfcast:[/] {escape(sentence)}", highlight=False, soft_wrap=True)


def _set_up_logging() -> None:
    level = os.environ.get("SHELFCAST_LOG_LEVEL", "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        _say(f"SHELFCAST_LOG_LEVEL={level!r}: set DEBUG, INFO, WARNING or ERROR.")
        sys.exit(2)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("faust", "mode", "aiokafka", "kafka", "matplotlib", "pymongo"):
        logging.getLogger(chatty).setLevel(logging.WARNING if level != "DEBUG" else logging.DEBUG)


if __name__ == "__main__":
    main()
