"""`shelfcast whatif`: the next 28 days of a store under a change."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from consumers.replenishment.replenishment_settings import ReplenishSettings
from deploy.connection import kafka_of
from deploy.what_if import answered
from online_model.shelf import ShelfSettings
from streams.contract.codec import printable
from streams.contract.errors import UsageError
from streams.contract.what_if import Outcome, WhatIf, WhatIfAnswer

SHOWN = 20


def whatif(
    store: Annotated[str, typer.Argument(help="The store.", show_default=False)],
    item: Annotated[str | None, typer.Option(help="Change this item; default: all.")] = None,
    category: Annotated[str | None, typer.Option(help="Change the items of this category.")] = None,
    promotion: Annotated[
        bool | None,
        typer.Option("--promotion/--no-promotion", help="Put them on promotion, or withdraw them from it.", show_default=False),
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day of the promotion; default: the next business day.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day of the promotion; default: the 28th day ahead.")] = None,
    closed: Annotated[list[str] | None, typer.Option(help="A day on which the store stays closed; may be given again.")] = None,
    lead_time_days: Annotated[float | None, typer.Option(help="Days from an order to its goods on the shelf.")] = None,
    service_level: Annotated[float | None, typer.Option(help="Probability of no stock-out between two orders.")] = None,
    shelf: Annotated[str | None, typer.Option(help="The shelf whose width changes.")] = None,
    level_width: Annotated[float | None, typer.Option(help="Width of a level of that shelf.")] = None,
    price: Annotated[float | None, typer.Option(help="Not known to this release: it is refused.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Forecast the next 28 days as they are and under a change: units, revenue, profit, orders, facings, with bands of the difference.

    \b
    It reads the worker's newest snapshot and works on that copy, with the same model; nothing that runs is touched. It says what the model
    has learned to expect, which is no claim about the world.

    \b
    Examples:
      shelfcast whatif "Main Street" --item "Crisps" --promotion --from 2026-05-04 --to 2026-05-10
      shelfcast whatif "Main Street" --closed 2026-05-14 --closed 2026-05-15
      shelfcast whatif "Main Street" --shelf dairy --level-width 120 --json
    """
    body = {
        "store": store, "item": item, "category": category, "promotion": promotion, "first_day": first, "last_day": last, "price": price,
        "closed": tuple(closed or ()), "lead_time_days": lead_time_days, "service_level": service_level, "shelf": shelf,
        "level_width": level_width,
    }  # fmt: skip
    try:
        asked = msgspec.convert(body, WhatIf)
    except msgspec.ValidationError as error:
        raise UsageError(f"{error}.") from None
    order = ReplenishSettings.read()
    settings = ShelfSettings(service_level=order.service_level, lead_time_days=order.lead_time_days, review_days=order.review_days)
    answer = answered(kafka_of(data_dir), asked, settings)
    if as_json:
        typer.echo(msgspec.json.encode(answer).decode())
    else:
        _print(answer)


def _print(answer: WhatIfAnswer) -> None:
    console = Console(highlight=False)
    console.print(f"{printable(answer.store)}, {answer.first_day} to {answer.last_day}", markup=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("", "as it is", "changed", "difference", "P10 to P90 of it"):
        table.add_column(name, justify="left" if not name else "right")
    for name in ("units", "revenue", "profit", "order_units"):
        low, high = (getattr(answer.difference, f"{name}_{bound}", None) for bound in ("p10", "p90"))
        band = "" if low is None or high is None else f"{low:+,.0f} to {high:+,.0f}"
        change = getattr(answer.difference, name)
        table.add_row(name.replace("_", " "), _of(answer.before, name), _of(answer.after, name), f"{change:+,.0f}", band)
    console.print(table)
    _print_items(console, answer)
    for note in answer.notes:
        console.print(f"[dim]{note}[/]", soft_wrap=True)


def _print_items(console: Console, answer: WhatIfAnswer) -> None:
    if not answer.items:
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("item", "units", "changed", "profit", "orders", "facings"):
        table.add_column(name, justify="left" if name == "item" else "right")
    for one in answer.items[:SHOWN]:
        table.add_row(
            printable(one.item), f"{one.before.units:,.0f}", f"{one.after.units:,.0f}", f"{one.difference.profit:+,.2f}",
            f"{one.before.order_units:g} -> {one.after.order_units:g}",
            "" if one.facings is None else f"{one.facings} -> {one.facings_after}",
        )  # fmt: skip
    console.print(table)
    if len(answer.items) > SHOWN:
        console.print(f"... and {len(answer.items) - SHOWN:,} more: --json shows all.")


def _of(outcome: Outcome, name: str) -> str:
    return f"{getattr(outcome, name):,.0f}"
