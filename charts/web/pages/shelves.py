"""Shelves: each shelf as it should stand, what to move and what that earns, as a page to be printed and taken along."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import MediaType, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from markupsafe import Markup

from charts.queries.forecasts import GAINS, incomplete, share_of_shelf
from charts.web.pages.desk import Desk
from charts.web.pages.speech import Speech
from charts.web.pages.visit import Visit
from charts.web.web import AnyRequest

BOARD: Final = 64
"""Height of a board in pixels."""
MOST_DRAWN: Final = 60
"""Items of a shelf that are drawn; the others stand together at its end."""
MOST_SHELVES: Final = 12
_BOARDS: Final = ((6, 1), (14, 2), (30, 4), (1 << 30, 6))
"""Most items, and boards that so many are drawn on: a plan does not say how many a shelf has."""


def moves(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items whose facings change, the largest change first; empty where no shelf is described."""
    found = []
    for one in plan["items"]:
        before, planned = one.get("previous_facings"), one.get("facings")
        if before is not None and planned is not None and before != planned:
            found.append({"item": one["item"], "before": before, "planned": planned, "profit": one.get("profit_per_day")})
    return sorted(found, key=lambda one: (-abs(one["planned"] - one["before"]), one["item"]))


def picture(plan: Mapping[str, Any], say: Speech) -> Markup:
    """The shelf, its items by their share of the space, the largest on top; darker: more profit for its space."""
    order = sorted(plan["items"], key=lambda one: (-share_of_shelf(one), one["item"]))
    order = [one for one in order if share_of_shelf(one) > 0]
    drawn, rest = order[:MOST_DRAWN], order[MOST_DRAWN:]
    blocks = [(one["item"], share_of_shelf(one), _shade(one, drawn), one.get("facings")) for one in drawn]
    if rest:
        named = say.ngettext("%(n)s more item", "%(n)s more items", len(rest))
        blocks.append((named, sum(share_of_shelf(one) for one in rest), 1, None))
    boards = next(count for most, count in _BOARDS if len(blocks) <= most)
    whole = sum(share for _, share, _, _ in blocks) or 1.0
    height = boards * (BOARD + 8)
    title = say.gettext("Picture of the shelf %(shelf)s", shelf=plan["shelf"])
    parts = [Markup('<svg class="board-picture" role="img" aria-label="{}" width="100%" height="{}">').format(title, height)]
    for name, board, left, width, shade, facings in _placed(blocks, boards, whole):
        top = board * (BOARD + 8)
        told = name if facings is None else f"{name}: {say.ngettext('%(n)s facing', '%(n)s facings', facings)}"
        parts.append(
            Markup(
                '<svg x="{}%" y="{}" width="{}%" height="{}" overflow="hidden"><title>{}</title>'
                '<rect class="shade-{}" width="100%" height="100%"/><text x="6" y="19">{}</text><text x="6" y="36">{}</text></svg>'
            ).format(left, top, width, BOARD, told, shade, name, "" if facings is None else f"× {facings}")  # noqa: RUF001 - a times sign
        )
    wood = Markup('<rect class="wood" x="0" y="{}" width="100%" height="6"/>')
    parts += [wood.format(board * (BOARD + 8) + BOARD) for board in range(boards)]
    return Markup("").join([*parts, Markup("</svg>")])


def _placed(
    blocks: Sequence[tuple[str, float, int, int | None]], boards: int, whole: float
) -> list[tuple[str, int, float, float, int, int | None]]:
    """Name, board, left and width in percent, shade and facings; what does not fit a board goes on with the next one."""
    found, board, left = [], 0, 0.0
    for name, share, shade, facings in blocks:
        rest = 100 * boards * share / whole
        while rest > 0.05 and board < boards:
            width = min(rest, 100 - left)
            found.append((name, board, round(left, 2), round(width, 2), shade, facings))
            rest, left = rest - width, left + width
            if left > 99.95:
                board, left = board + 1, 0.0
    return found


def _shade(one: Mapping[str, Any], drawn: Sequence[Mapping[str, Any]]) -> int:
    """1 to 3 by profit a day over space, in thirds of the items; 2 where profit is not known."""
    mine = _density(one)
    known = sorted(value for value in map(_density, drawn) if value is not None)
    if mine is None or not known:
        return 2
    return 1 + min(2, 3 * known.index(mine) // len(known))


def _density(one: Mapping[str, Any]) -> float | None:
    profit = one.get("profit_per_day")
    return None if profit is None else float(profit) / max(share_of_shelf(dict(one)), 1e-9)


def shelves(desk: Desk, visit: Visit) -> dict[str, Any]:
    """What the page shows."""
    plans = desk.books.plans(visit.filters.store)
    if plans is None:
        return {"plans": None}
    shown = plans[:MOST_SHELVES]
    return {
        "plans": [
            {
                "plan": plan,
                "picture": picture(plan, visit.speech),
                "moves": moves(plan),
                "gains": [(title, plan[name]) for name, title in GAINS.items() if plan.get(name) is not None],
                "incomplete": incomplete(plan),
                "described": any(one.get("facings") is not None for one in plan["items"]),
                "items": sorted(plan["items"], key=lambda one: -share_of_shelf(one))[:200],
            }
            for plan in shown
        ],
        "more": len(plans) - len(shown),
        "share": share_of_shelf,
    }


def shelf_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/shelves`."""

    @get("/shelves", media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "shelves.html", lambda visit: shelves(desk, visit))

    return [page]
