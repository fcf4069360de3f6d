"""The page: server-rendered, complete without its script, which only asks for it again. Every foreign word is escaped."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

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
_MOST_CURRENCIES: Final = 4
_DATED: Final = ("profit_by_item", "frequency_of_sale", "busiest_hours")


def page(
    summary: Mapping[str, Any], stores: Sequence[str], stock: Mapping[str, Any], store: str | None, *, since: str | None, version: int
) -> str:
    """The HTML page.

    store: the one chosen, None: all. since: first date of the charts of sales. version: changes when charts are new.
    """
    body = [
        _head(summary, stores, store),
        "<main>",
        f'<div class="cards" id="cards" data-live>{_cards(summary)}</div>',
        f'<div id="welcome" data-live>{_welcome(summary)}</div>',
        '<div class="columns">',
        f'<section><h2>What should I stock?</h2><div id="stock" class="scroll" data-live>{_stock(stock)}</div></section>',
        f'<section><h2>How good the forecasts are</h2><div id="scores" data-live>{_scores(summary["scores"])}</div>',
        f'<h2>What changed</h2><div id="drifts" data-live>{_drifts(summary["drifts"])}</div>',
        f'<div id="gains" data-live>{_gains(stock["gains"])}</div></section>',
        "</div>",
        f'<div class="columns">{_pictures(store, since, version)}</div>',
        '<footer class="quiet">For programs: <a href="/docs">API</a>, <a href="/predict">/predict</a>, ',
        '<a href="/v1/summary">/v1/summary</a>, <a href="/metrics">/metrics</a>. Everything here is read from MongoDB.</footer>',
        "</main>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>shelfcast</title><style>{STYLE}</style></head><body>{''.join(body)}<script>{SCRIPT}</script></body></html>"
    )


def _head(summary: Mapping[str, Any], stores: Sequence[str], store: str | None) -> str:
    first, last = summary["first_day"], summary["last_day"]
    period = f"sales of {escape(words.span(first, last))}" if first else "no sales yet"
    options = "".join(
        f'<option value="{escape(name)}"{" selected" if name == store else ""}>{escape(shortened(name))}</option>' for name in stores
    )
    chooser = (
        f'<form method="get" action="/"><select name="store" aria-label="Store"><option value="">all stores</option>{options}</select> '
        "<noscript><button>Show</button></noscript></form>"
    )
    return (
        f'<header><h1>shelfcast</h1>{chooser if stores else ""}<span class="quiet"><span class="dot"></span>'
        f'<span id="period" data-live>{period}</span></span></header>'
    )


def _cards(summary: Mapping[str, Any]) -> str:
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
    return "".join(f'<div class="card"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for value, name in cards)


def _welcome(summary: Mapping[str, Any]) -> str:
    if summary["last_day"]:
        return ""
    example = (
        'curl -H \'Content-Type: application/json\' localhost:8080/v1/sales -d \'{"event_id": "till-3-000123", "store": "berlin-1",\n'
        '  "item": "milk", "quantity": 2, "unit_price": 1.19, "sold_at": "2026-05-01T12:30:00+02:00"}\''
    )
    return (
        "<section><h2>Nothing was sold yet</h2><p>Send a sale to the gateway, or run <code>shelfcast demo</code>:</p>"
        f"<pre>{escape(example)}</pre></section>"
    )


def _stock(stock: Mapping[str, Any]) -> str:
    if not stock["rows"]:
        return '<p class="quiet">No forecast yet: the first comes when a business day closes.</p>'
    shelves = any(row["shelf"] is not None for row in stock["rows"])
    orders = any(row["order"] is not None for row in stock["rows"])
    largest = max((row["shelf"] or 0.0 for row in stock["rows"]), default=0.0) or 1.0
    head = f"<tr><th>Item<th>Expected {escape(stock['rows'][0]['day'])}<th>p10 to p90<th>{WEEK.length}"
    rows = []
    for row in stock["rows"]:
        cells = [
            f"<td>{escape(shortened(row['item'], 48))}",
            f"<td>{words.count(round(row['mean'], 1))}",
            f"<td>{words.count(round(row['p10'], 1))} to {words.count(round(row['p90'], 1))}",
            f"<td>{'' if row['week'] is None else words.count(round(row['week'], 1))}",
        ]
        if shelves:
            share = row["shelf"] or 0.0
            cells.append(
                f'<td><svg width="60" height="9" role="presentation"><rect width="{60 * share / largest:.1f}" height="9" rx="2" '
                f'fill="#0072B2"/></svg> {share:.1f}%'
            )
        if orders:
            cells.append(f"<td>{'' if row['order'] is None else words.count(row['order'])}")
        rows.append(f"<tr>{''.join(cells)}")
    more = stock["items"] - len(stock["rows"])
    note = (
        f'<p class="quiet">Store {escape(shortened(stock["store"]))}, units'
        + (f"; {more:,} more items: /v1/forecasts" if more > 0 else "")
        + "".join(f". {escape(sentence)}" for sentence in stock["notes"])
        + "</p>"
    )
    return f"{note}<table>{head}{'<th>Shelf' if shelves else ''}{'<th>Order now' if orders else ''}{''.join(rows)}</table>"


def _gains(gains: Sequence[Mapping[str, Any]]) -> str:
    """What the described shelves of the store should earn a day beyond other ways to share them."""
    if not gains:
        return ""
    rows = []
    for plan in gains:
        cells = "".join(f"<td>{'' if plan[name] is None else _signed(plan[name])}" for name in GAINS)
        rows.append(f"<tr><td>{escape(shortened(plan['shelf'], 40))}{cells}")
    head = "".join(f"<th>{escape(words_of_it.capitalize())}" for words_of_it in GAINS.values())
    return (
        f'<h2>What the shelf plan should earn a day beyond</h2><div class="scroll"><table><tr><th>Shelf{head}{"".join(rows)}</table></div>'
    )


def _signed(amount: float) -> str:
    return f"{MINUS if amount < 0 else '+'}{abs(amount):,.2f}"


def _scores(scores: Mapping[str, Any]) -> str:
    if not scores:
        return '<p class="quiet">No forecast has come due yet.</p>'
    rows = []
    for horizon in HORIZONS:
        one = scores.get(horizon.name)
        if one is None or one["wape"] is None:
            continue
        baseline = one["wape_same_weekday_mean"]
        change = one["wape"] / baseline - 1 if baseline else None
        kind = "" if change is None else "better" if change < 0 else "worse"
        shown = "" if change is None else f"{MINUS if change < 0 else '+'}{words.percent(abs(change))}"
        title = escape(horizon.title.capitalize())
        rows.append(
            f"<tr><td>{title}<td>{words.percent(one['wape'])}<td>{'' if baseline is None else words.percent(baseline)}"
            f'<td class="{kind}">{shown}<td>{words.percent(one["coverage"] or 0.0)}<td>{one["n"]:,}'
        )
    head = "<tr><th>Horizon<th>Error (WAPE)<th>Same-weekday mean<th>Difference<th>Within p10 to p90<th>Forecasts"
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _drifts(drifts: Sequence[Mapping[str, Any]]) -> str:
    if not drifts:
        return '<p class="quiet">No drift was seen.</p>'
    rows = []
    for drift in drifts:
        who = " / ".join(shortened(str(drift[key]), 30) for key in ("store", "item") if drift.get(key)) or f"partition {drift['partition']}"
        rows.append(
            f'<tr><td>{escape(who)}<td>{escape(drift["since"])}<td>&times;{drift["factor"]:.2f}<td class="words">{escape(drift["action"])}'
        )
    return f'<div class="scroll"><table><tr><th>Where<th>Since<th>Level<th>What the model did{"".join(rows)}</table></div>'


def _pictures(store: str | None, since: str | None, version: int) -> str:
    parts = []
    for name, words_of_it in PICTURES:
        query = {"store": store or "", "from": (since or "") if name in _DATED else "", "_": str(version)}
        source = f"/charts/{name}.svg?{urlencode({key: value for key, value in query.items() if value})}"
        parts.append(f'<section><img id="{name}" src="{escape(source)}" alt="{escape(words_of_it)}" loading="lazy"></section>')
    return "".join(parts)
