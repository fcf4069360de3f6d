"""The page: server-rendered, complete without its script, which only asks for it again. Its templates escape every foreign word."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from charts.figures import words
from charts.figures.style import MINUS, shortened
from charts.queries.forecasts import GAINS
from charts.web.assets import SCRIPT, STYLE
from streams.contract.horizons import DAY, HORIZONS, WEEK

PICTURES: Final[tuple[tuple[str, str], ...]] = (
    ("running_error", "How wrong the forecasts were, by horizon"),
    ("forecast", "Forecast and sales of the item expected to sell most"),
    ("profit_by_item", "Profit by item"),
    ("frequency_of_sale", "Frequency of sale by item"),
    ("shelf_share", "Newest shelf plan"),
    ("busiest_hours", "Busiest hours of the week"),
)
LOST_PICTURE: Final = ("lost_sales", "What empty shelves cost")
"""Shown once something was out of stock."""
_MOST_CURRENCIES: Final = 4
_DATED: Final = ("profit_by_item", "frequency_of_sale", "busiest_hours")


def page(
    summary: Mapping[str, Any], stores: Sequence[str], stock: Mapping[str, Any], store: str | None, *, since: str | None, version: int
) -> str:
    """The HTML page.

    store: the one chosen, None: all. since: first date of the charts of sales. version: changes when charts are new.
    """
    rows = stock["rows"]
    return _TEMPLATES.get_template("page.html").render(
        summary=summary,
        stores=stores,
        stock=stock,
        week=WEEK.length,
        store=store,
        cards=_cards(summary),
        scores=_scores(summary["scores"]),
        gains=GAINS,
        pictures=_pictures(store, since, version, lost=summary["lost"] is not None),
        shelves=any(row["shelf"] is not None for row in rows),
        orders=any(row["order"] is not None for row in rows),
        largest=max((row["shelf"] or 0.0 for row in rows), default=0.0) or 1.0,
    )


def _cards(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers at the top and what they are."""
    totals = summary["totals"]
    cards = [
        (f"{totals['sales']:,}", "sale lines" + (f", {totals['returns']:,} returns" if totals["returns"] else "")),
        (f"{summary['per_second']:,.0f}/s", "sales taken in just now"),
        (words.short(float(totals["units"])), "units sold"),
    ]
    only = {"currency": next(iter(summary["currencies"]), "")}
    amounts = totals.get("by_currency", [totals | only])
    for one in amounts[:_MOST_CURRENCIES]:
        named = "without a currency" if one["currency"] is None else one["currency"]
        cards.append((words.short(float(one["revenue"])), f"revenue {named}".rstrip()))
        if one["profit"] is not None:
            cards.append((words.short(float(one["profit"])), f"profit {named}".rstrip()))
    if len(amounts) > _MOST_CURRENCIES:
        cards.append((f"{len(amounts) - _MOST_CURRENCIES}", "more currencies: /v1/summary"))
    cards.append((f"{summary['series']:,}", "items forecast, by store"))
    day = summary["scores"].get(DAY.name)
    if day and day["wape"] is not None:
        baseline = day["wape_same_weekday_mean"]
        against = f", same-weekday mean {words.percent(baseline)}" if baseline is not None else ""
        cards.append((words.percent(day["wape"]), f"day-ahead error{against}"))
    if summary["lost"] is not None:
        for one in summary["lost"]["by_currency"][:_MOST_CURRENCIES]:
            unit = f" {one['currency']}" if one["currency"] else ""
            most = f"; {words.part(one['most_share'])} of it in {shortened(one['most_in'], 24)}" if one["most_in"] else ""
            cards.append((words.short(one["revenue"]), f"revenue{unit} lost to empty shelves in a week{most}"))
    return cards


def _scores(scores: Mapping[str, Any]) -> list[dict[str, str]]:
    """The horizons that have come due, in words."""
    rows = []
    for horizon in HORIZONS:
        one = scores.get(horizon.name)
        if one is None or one["wape"] is None:
            continue
        baseline = one["wape_same_weekday_mean"]
        change = one["wape"] / baseline - 1 if baseline else None
        rows.append(
            {
                "name": horizon.title.capitalize(),
                "wape": words.percent(one["wape"]),
                "baseline": "" if baseline is None else words.percent(baseline),
                "kind": "" if change is None else "better" if change < 0 else "worse",
                "change": "" if change is None else f"{MINUS if change < 0 else '+'}{words.percent(abs(change))}",
                "coverage": words.percent(one["coverage"] or 0.0),
                "n": f"{one['n']:,}",
            }
        )
    return rows


def _pictures(store: str | None, since: str | None, version: int, *, lost: bool) -> list[tuple[str, str, str]]:
    """Name, title and address of each chart."""
    found = []
    for name, title in (*PICTURES, *((LOST_PICTURE,) if lost else ())):
        query = {"store": store or "", "from": (since or "") if name in _DATED else "", "_": str(version)}
        found.append((name, title, f"/charts/{name}.svg?{urlencode({key: value for key, value in query.items() if value})}"))
    return found


def _signed(amount: float | None) -> str:
    return "" if amount is None else f"{MINUS if amount < 0 else '+'}{abs(amount):,.2f}"


def _units(number: float | None) -> str:
    return "" if number is None else words.count(round(number, 1))


def _count(number: float | None) -> str:
    return "" if number is None else words.count(number)


def _place(drift: Mapping[str, Any]) -> str:
    """Where a drift was seen."""
    named = " / ".join(shortened(str(drift[key]), 30) for key in ("store", "item") if drift.get(key))
    return named or f"partition {drift['partition']}"


def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    found.filters |= {"shortened": shortened, "units": _units, "count": _count, "signed": _signed, "place": _place}
    # Ours, named by their hashes in the page's policy: as they are.
    found.globals |= {"span": words.span, "style": Markup(STYLE), "script": Markup(SCRIPT)}  # noqa: S704 - constants of ours
    return found


_TEMPLATES: Final = _templates()
