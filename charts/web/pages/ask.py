"""The question box: a question in plain English, answered with rows, how it was understood, and how new the data are."""

from typing import Any, Final

from litestar import MediaType, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.insight.answers.answer import Answer, Cell, decimals_of
from charts.insight.answers.asking import ask
from charts.insight.questions.reading import EXAMPLES
from charts.queries.of_store import OfStore
from charts.web.pages.desk import Desk
from charts.web.pages.speech import NOTHING, Speech
from charts.web.pages.visit import Visit
from charts.web.web import AnyRequest

_KEPT_SECONDS: Final = 30.0
MOST_ROWS: Final = 200
MOST_EXAMPLES: Final = 8


def ask_page(desk: Desk, visit: Visit) -> dict[str, Any]:
    """What the page shows. With a store chosen, only its documents are asked, so that nobody is told of stores they may not see."""
    question, store = visit.filters.q.strip(), visit.filters.store
    if not question:
        return {"question": "", "answer": None, "examples": EXAMPLES[:MOST_EXAMPLES]}
    database = desk.books.database if store is None else OfStore(desk.books.database, store)
    answer = desk.books.kept.get(("ask", store, question), lambda: ask(database, question), _KEPT_SECONDS)
    shown = {} if answer is None or answer.refused else _shown(answer, visit.speech)
    return {"question": question, "answer": answer, "examples": (), **shown}


def _shown(answer: Answer, say: Speech) -> dict[str, Any]:
    columns = list(zip(*answer.rows, strict=True)) or [()] * len(answer.columns)
    decimals = [decimals_of(column) for column in columns]
    numeric = [any(isinstance(cell, int | float) for cell in column) for column in columns]
    rows = [[_cell(cell, places, say) for cell, places in zip(row, decimals, strict=True)] for row in answer.rows[:MOST_ROWS]]
    return {
        "heads": list(zip((name.replace("_", " ") for name in answer.columns), numeric, strict=True)),
        "rows": rows,
        "more": max(len(answer.rows) - MOST_ROWS, 0),
        "item_at": answer.columns.index("item") if "item" in answer.columns else None,
        "numeric": numeric,
    }


def _cell(cell: Cell, decimals: int, say: Speech) -> str:
    if cell is None:
        return NOTHING
    return cell if isinstance(cell, str) else say.number(cell, decimals)


def ask_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/ask`."""

    @get("/ask", media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "ask.html", lambda visit: ask_page(desk, visit))

    return [page]
