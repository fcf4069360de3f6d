"""`shelfcast deadletters`: refused events, to correct and send again. A dead letter is a refused event with its reason."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.connection import kafka_of
from producers.deadletters import Letter, UnmendableError, letters, mend, send_again, settle
from producers.publisher import Publisher, PublisherSettings
from producers.sources.mapping import read_mapping
from streams.contract.codec import printable
from streams.contract.errors import UsageError
from streams.contract.pseudonyms import PrivacySettings

_SHOWN: Final = 4000

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="List refused events, correct them, and send them again, each once.",
)

DataDir = Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str | None, typer.Option(help="Only letters refused for this reason.")]
Everything = Annotated[bool, typer.Option("--all", help="Include letters that were sent again or dismissed.")]
Places = Annotated[list[str] | None, typer.Argument(help="Letters by PARTITION-OFFSET, as `list` shows them.")]


@app.command("list")
def list_letters(reason: Reason = None, settled: Everything = False, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the waiting letters: where each one lies, why it was refused and where it came from."""
    found = _chosen(data_dir, None, reason, settled=settled)
    if as_json:
        typer.echo(json.dumps([_shown(letter, raw=False) for letter in found]))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("letter", "refused", "reason", "store"):
        table.add_column(column, no_wrap=True)
    table.add_column("what to change", ratio=1)
    for letter in found:
        store = printable((letter.key or b"").decode("utf-8", "replace"), 20)
        table.add_row(letter.place, _when(letter), escape(letter.reason), escape(store), escape(printable(letter.error, 200)))
    console = Console()
    console.print(table if found else "No dead letters are waiting.")
    if found:
        console.print(", ".join(f"{count} {name}" for name, count in Counter(letter.reason for letter in found).most_common()))


@app.command()
def show(
    places: Places = None, reason: Reason = None, settled: Everything = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Show letters in full, with the event as it was sent."""
    found = _chosen(data_dir, places, reason, settled=settled or bool(places))
    if as_json:
        typer.echo(json.dumps([_shown(letter, raw=True) for letter in found]))
        return
    for letter in found:
        typer.echo(f"letter {letter.place}, refused {_when(letter)}, from {printable(letter.source)}")
        typer.echo(f"  {printable(letter.reason)}: {printable(letter.error, 500)}")
        if letter.cut is not None:
            typer.echo(f"  not whole: {printable(letter.cut.sentence)}")
        text = letter.raw.decode("utf-8", "backslashreplace")
        typer.echo(f"  {text if text.isprintable() and len(text) <= _SHOWN else printable(text, _SHOWN)}")


@app.command()
def replay(
    places: Places = None,
    reason: Reason = None,
    every: Annotated[bool, typer.Option("--every", help="All waiting letters.")] = False,
    fix: Annotated[Path | None, typer.Option(help="Mapping (TOML) that reads each letter's JSON object as a row.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=JSON, such as quantity=2 or store='\"berlin-1\"'; may be repeated.")
    ] = None,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="Send nothing; mark the letters as settled.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Correct letters and send them again, each once; those that are still wrong stay, with the reason.

    \b
    Examples:
      shelfcast deadletters replay 2-17 --set quantity=2
      shelfcast deadletters replay --reason invalid --fix till.toml
      shelfcast deadletters replay --every
    """
    if not (places or reason or every):
        raise UsageError("Say which letters: their places, --reason REASON, or --every.")
    mapping, changes = read_mapping(fix) if fix else None, dict(map(_change, change or []))
    sent, left = 0, {}
    kafka = kafka_of(data_dir)
    settings, pseudonyms = PublisherSettings.read(), PrivacySettings.read().pseudonyms()
    with Publisher(kafka, settings) as publisher:
        for letter in _chosen(data_dir, places, reason, settled=False):
            try:
                if dismiss:
                    settle(publisher, letter, settings.delivery_timeout_seconds)
                else:
                    send_again(publisher, mend(letter, mapping, changes, pseudonyms), settings.delivery_timeout_seconds)
            except UnmendableError as error:
                left[letter.place] = str(error)
            else:
                sent += 1
    word = "dismissed" if dismiss else "sent"
    if as_json:
        typer.echo(json.dumps({word: sent, "left": left}))
    else:
        typer.echo(f"{sent} {word}{'' if dismiss else ' again'}, {len(left)} left.")
        for place, why in left.items():
            typer.echo(f"  {place}: {printable(why)}")
    if left:
        raise typer.Exit(1)


def _chosen(data_dir: Path | None, places: list[str] | None, reason: str | None, *, settled: bool) -> list[Letter]:
    kafka = kafka_of(data_dir)
    found = [letter for letter in letters(kafka, settled=settled) if reason in (None, letter.reason)]
    if not places:
        return found
    known = {letter.place: letter for letter in found}
    missing = [place for place in places if place not in known]
    if missing:
        raise UsageError(
            f"No letter {missing[0]!r} is waiting: `shelfcast deadletters list` shows those that are (--all: the settled ones too)."
        )
    return [known[place] for place in places]


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    try:
        if not (name and equals):
            raise ValueError("no FIELD=JSON")  # noqa: TRY301 - one way out for every malformed value
        return name, json.loads(value)
    except ValueError:
        raise UsageError(f"--set {text!r}: write FIELD=JSON, as in quantity=2 or store='\"berlin-1\"'.") from None


def _shown(letter: Letter, *, raw: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "letter": letter.place,
        "at": letter.at,
        "reason": letter.reason,
        "error": letter.error,
        "source": letter.source,
        "store": None if letter.key is None else letter.key.decode("utf-8", "replace"),
    }
    if letter.cut is not None:
        told["cut"] = {"bytes": letter.cut.length, "sha256": letter.cut.sha256, "head_bytes": letter.cut.head}
    return told | ({"raw": letter.raw.decode("utf-8", "backslashreplace")} if raw else {})


def _when(letter: Letter) -> str:
    return f"{datetime.fromtimestamp(letter.at, UTC):%Y-%m-%d %H:%M}"
