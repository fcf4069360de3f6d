"""The OpenAPI 3.1 description of the web page's API, and a page that shows it. No script, nothing from elsewhere."""

import html
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from charts.figures.bars import MOST_BARS

Schema = dict[str, Any]


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _list(**properties: Schema) -> Schema:
    return {"type": "array", "items": _object(**properties)}


_TEXT: Final[Schema] = {"type": "string", "maxLength": 128}
_PARAMETERS: Final[dict[str, tuple[Schema, str]]] = {
    "store": (_TEXT, "One store; all of them where it is not given."),
    "item": (_TEXT, "One item; needs store."),
    "top": ({"type": "integer", "minimum": 1, "maximum": MOST_BARS}, "How many items are shown before the others are drawn as one."),
    "from": ({"type": "string", "format": "date"}, "First business date, included."),
    "to": ({"type": "string", "format": "date"}, "Last business date, included."),
    "currency": (
        {"type": "string", "pattern": "^[A-Z]{3}$"},
        "The chart's currency; that of most sales where it is not given. Items as JSON come with all of theirs.",
    ),
}
_MONEY: Final[Schema] = {"type": ["string", "null"], "description": "Decimal with two places; null where there are several currencies."}
_PROFIT: Final[Schema] = {"type": ["string", "null"], "description": "The same; null, too, where no line had a profit or a cost."}
_TOTALS: Final[Schema] = {
    "units": {"type": "string", "description": "Decimal, less returns."},
    "revenue": _MONEY,
    "profit": _PROFIT,
    "by_currency": {
        **_list(currency={"type": ["string", "null"], "description": "Null: lines that named none."}, revenue=_MONEY, profit=_PROFIT),
        "description": "Only where there are several currencies; revenue and profit are then null beside it.",
    },
    "sales": {"type": "integer", "description": "Lines sold."},
    "returns": {"type": "integer", "description": "Lines taken back."},
    "orders": {"type": "integer", "description": "Orders begun."},
}
_NUMBER: Final[Schema] = {"type": "number"}


_PREDICTION: Final = _list(
    name={"type": ["string", "integer"], "description": "Item; a number where the name is a whole number."},
    store={"type": "string", "description": "Only where the answer is of several stores."},
    buy={"type": "number", "description": "Units sold on the item's newest business day with sales."},
    profit={"type": ["number", "null"], "description": "Profit of that day; null where it came in several currencies."},
    time={"type": ["integer", "null"], "description": "End of that day, epoch seconds."},
    predicted_sales={"type": "number", "description": "Units expected on the next business day, mean."},
    shelf_space_percentage={"type": "number", "description": "Share of the store's shelf; a store's sum to 100."},
)
_SCORES: Final[Schema] = {
    "type": "object",
    "additionalProperties": _object(
        n={"type": "integer", "description": "Forecasts that have come due."},
        wape={"type": ["number", "null"], "description": "Sum |forecast - sold| / sum of sold, a fraction."},
        wape_same_weekday_mean={"type": ["number", "null"], "description": "The same of the baseline."},
        bias={"type": ["number", "null"], "description": "Sum of forecast - sold / sum of sold."},
        coverage={"type": ["number", "null"], "description": "Fraction within p10 to p90."},
    ),
}
_ITEMS: Final = _list(item={"type": "string"}, **_TOTALS)
_FREQUENCY: Final = _list(item={"type": "string"}, frequency={"type": "integer", "description": "Lines sold less lines taken back."})

Route = tuple[str, str, str, tuple[str, ...], Schema, bool]
ROUTES: Final[tuple[Route, ...]] = (
    (
        "/predict",
        "What will sell and what to shelve",
        "Units of the next business day and the share of the shelf.",
        ("store",),
        _PREDICTION,
        False,
    ),
    ("/profit_by_item", "Profit by item", "A bar chart; JSON and SVG by Accept.", ("store", "top", "from", "to", "currency"), _ITEMS, True),
    ("/frequency_of_sale", "Frequency of sale", "A bar chart; JSON and SVG by Accept.", ("store", "top", "from", "to"), _FREQUENCY, True),
    ("/v1/summary", "Totals, errors and drift", "What the page shows live.", (), _object(totals=_object(**_TOTALS), scores=_SCORES), False),
    (
        "/v1/forecasts",
        "Newest forecasts",
        "By store and item: close for the days ahead, today for the running day.",
        ("store", "item"),
        _list(store=_TEXT, item=_TEXT),
        False,
    ),
    ("/v1/plan", "Newest shelf plans", "By store and shelf.", ("store",), _list(store=_TEXT, shelf=_TEXT), False),
    ("/v1/scores", "How good the forecasts were", "By horizon, against the same-weekday mean.", ("store",), _SCORES, False),
    ("/v1/drifts", "Drift", "What changed, newest first.", (), _list(kind=_TEXT, since=_TEXT, factor=_NUMBER), False),
    (
        "/v1/stock",
        "What should I stock?",
        "One store's items with tomorrow's units, the week's, and their share of the shelf.",
        ("store",),
        _object(store=_TEXT),
        False,
    ),
)


def description(more_paths: dict[str, Any] | None = None) -> dict[str, Any]:
    """The OpenAPI document; `more_paths` are added to ours."""
    paths: dict[str, Any] = {route[0]: {"get": _operation(route)} for route in ROUTES}
    return {
        "openapi": "3.1.0",
        "info": {"title": "shelfcast web", "version": _version(), "description": "Answers from MongoDB; never holds up the stream."},
        "paths": paths | (more_paths or {}),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
            "schemas": {"Problem": _object(error={"type": "string", "description": "A sentence that says what to change."})},
        },
        "security": [{"bearer": []}, {"basic": []}, {"header": []}, {}],
    }


def _operation(route: Route) -> dict[str, Any]:
    path, summary, about, parameters, schema, is_chart = route
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if is_chart:
        content = {"image/png": {}, "image/svg+xml": {}} | content
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "summary": summary,
        "description": about,
        "operationId": path.strip("/").replace("/", "_"),
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": _PARAMETERS[name][0], "description": _PARAMETERS[name][1]}
            for name in parameters
        ],
        "responses": {
            "200": {"description": "The answer.", "content": content},
            "401": {"description": "No API key was shown, or one that is not ours.", "content": problem},
            "422": {"description": "A parameter is wrong: the sentence says which.", "content": problem},
            "503": {"description": "MongoDB does not answer.", "content": problem},
        },
    }


def docs_page(document: dict[str, Any], style: str) -> str:
    """A plain HTML page of the document."""
    parts = [
        f"<h1>{html.escape(document['info']['title'])} {html.escape(document['info']['version'])}</h1>",
        '<p><a href="/">The page</a>. The same for programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>',
    ]
    parts += [_section(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>shelfcast web API</title><style>{style}</style><main>{''.join(parts)}</main></html>"
    )


def _section(path: str, method: str, operation: dict[str, Any]) -> str:
    """An operation with its parameters and answers; one that describes little is shown all the same."""
    rows = [(f"<code>{html.escape(one['name'])}</code>", one.get("description", "")) for one in operation.get("parameters", ())]
    rows += [
        (html.escape(code), f"{answer.get('description', '')} {', '.join(answer.get('content', {}))}")
        for code, answer in operation.get("responses", {}).items()
    ]
    table = "".join(f"<tr><td>{name}<td>{html.escape(about)}" for name, about in rows)
    return (
        f"<h2><code>{html.escape(method.upper())} {html.escape(path)}</code></h2><p><b>{html.escape(operation.get('summary', ''))}.</b> "
        f"{html.escape(operation.get('description', ''))}</p><table>{table}</table>"
    )


def _version() -> str:
    try:
        return version("shelfcast")
    except PackageNotFoundError:
        return "0"
