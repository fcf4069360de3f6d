"""Health: the forecasts' errors against the baseline over time, calibration, drift, lag, dead letters, versions."""

import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from litestar import MediaType, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.queries.quality import Week, quality_by_week, reader_places, whole
from charts.web.pages import chart
from charts.web.pages.bodies import answered_json, body_of
from charts.web.pages.checks import Checks, check_routes
from charts.web.pages.desk import Desk
from charts.web.pages.outside import DeadLetter
from charts.web.pages.speech import NOTHING, Speech
from charts.web.pages.visit import Visit
from charts.web.web import AnyRequest
from streams.contract.errors import ServerError, UsageError
from streams.contract.horizons import HORIZONS

AIM: Final = 0.8
"""Share of days that should lie within the band."""
SHOWN_WEEKS: Final = 53
MOST_LETTERS: Final = 50
MOST_DRIFTS: Final = 30
_SECONDS: Final = 20.0
_DOOR_SECONDS: Final = 0.3
"""How long the page waits for Kafka, which may be away."""


def error_picture(weeks: Sequence[Week], title: str, say: Speech) -> dict[str, Any]:
    """The chart of the errors of a horizon by week, beside the baseline's, and its table."""
    ours = [week.sums.wape for week in weeks]
    theirs = [week.sums.wape_same_weekday_mean for week in weeks]
    axis = [(value, say.percent(value)) for value in chart.grid([*ours, *theirs], least=0.01)]
    marks = [chart.Line(say.gettext("same-weekday mean"), theirs, "b"), chart.Line("shelfcast", ours)]
    places = [say.day(week.monday, "d MMM") for week in weeks]
    rows = [
        (
            say.day(week.monday, "d MMM"),
            *((NOTHING if n is None else say.percent(n)) for n in (a, b, week.sums.coverage)),
            say.number(week.sums.n),
        )
        for week, a, b in zip(reversed(weeks), reversed(ours), reversed(theirs), strict=True)
    ]
    tips = [f"{row[0]}: {row[1]} / {row[2]}" for row in reversed(rows)]
    return {"drawn": chart.drawn(title, places, marks, axis, tips), "rows": rows, "title": title}


def coverage_picture(found: Mapping[str, Sequence[Week]], say: Speech) -> dict[str, Any] | None:
    """The share of day-ahead forecasts whose truth lay in the band, by week."""
    weeks = next(iter(found.values()), ())[-SHOWN_WEEKS:]
    if not weeks:
        return None
    inside = [week.sums.coverage for week in weeks]
    title = say.gettext("Share of days within the band, by week")
    axis = [(n / 4, say.percent(n / 4)) for n in range(5)]
    marks = [chart.Line(say.gettext("the aim"), [AIM] * len(weeks), "b"), chart.Line(say.gettext("within the band"), inside)]
    places = [say.day(week.monday, "d MMM") for week in weeks]
    rows = [(place, NOTHING if n is None else say.percent(n)) for place, n in zip(reversed(places), reversed(inside), strict=True)]
    return {"drawn": chart.drawn(title, places, marks, axis), "rows": rows, "title": title}


def health(desk: Desk, visit: Visit, checks: Checks) -> dict[str, Any]:
    """What the page shows."""
    books, store, say = desk.books, visit.filters.store, visit.speech
    found = books.kept.get(("quality", store), lambda: quality_by_week(books.database, store), 60.0)
    horizons = []
    for horizon in HORIZONS:
        weeks = (found or {}).get(horizon.name)
        if weeks:
            named = (
                say.gettext("Next business day") if horizon.days == 1 else say.ngettext("Next %(n)s day", "Next %(n)s days", horizon.days)
            )
            title = say.gettext("Error by week: %(horizon)s", horizon=named)
            horizons.append({"name": named, "sums": whole(weeks), "picture": error_picture(weeks[-SHOWN_WEEKS:], title, say)})
    lag, lag_trouble = _asked(desk, "lag")
    letters, letters_trouble = _asked(desk, "letters")
    drifts = [one for one in books.drifts() if store is None or one.get("store") == store]
    return {
        "reading": found is None,
        "horizons": horizons,
        "coverage": coverage_picture(found or {}, say),
        "drifts": drifts[:MOST_DRIFTS],
        "more_drifts": max(len(drifts) - MOST_DRIFTS, 0),
        "readers": reader_places(books.database),
        "lag": lag,
        "lag_trouble": lag_trouble,
        "letters": _of_store(letters, store)[:MOST_LETTERS],
        "letters_count": len(_of_store(letters, store)),
        "letters_asked": desk.outside.letters is not None,
        "letters_trouble": letters_trouble,
        "may_mend": desk.outside.mend is not None and desk.outside.dismiss is not None,
        "checks": checks.shown(),
        "version": _version(),
    }


def _of_store(letters: Sequence[DeadLetter] | None, store: str | None) -> list[DeadLetter]:
    return [letter for letter in letters or () if store is None or letter.store in ("", store)]


def _asked(desk: Desk, name: str) -> tuple[Any, str]:
    """What a door to Kafka tells, kept for a while, and why it tells nothing."""
    door = getattr(desk.outside, name)
    if door is None:
        return None, ""
    try:
        return desk.books.kept.get(("outside", name), door, _SECONDS, _DOOR_SECONDS), ""
    except ServerError as error:
        return None, str(error)


def _version() -> str:
    try:
        return version("shelfcast")
    except PackageNotFoundError:
        return ""


def settle(desk: Desk, body: Mapping[str, Any]) -> str:
    """Send a dead letter again as it was mended, or dismiss it; returns what was done. Raises UsageError, ServerError."""
    outside, place, text, what = desk.outside, body.get("place"), body.get("text", ""), body.get("what")
    if outside.mend is None or outside.dismiss is None:
        raise UsageError("This process mends no letters: start it with `shelfcast web`.")
    if not (isinstance(place, str) and isinstance(text, str) and what in ("send", "dismiss")):
        raise UsageError("Give place and text as text, and what as send or dismiss.")
    store = body.get("asked")
    if what == "dismiss":
        outside.dismiss(place, store)
    else:
        outside.mend(place, text, store)
    desk.books.kept.forget(("outside", "letters"))
    return "It is dismissed." if what == "dismiss" else "It is sent again."


def health_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/health`, `/health/letters`, `/health/checks`."""
    checks = Checks(desk.outside.checks, time.time)

    @get("/health", media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "health.html", lambda visit: health(desk, visit, checks))

    @post("/health/letters", include_in_schema=False, status_code=200, opt={"needs": "operate"})
    async def mend(request: AnyRequest) -> Response[Any]:
        body = await body_of(request)
        return await answered_json(request, lambda: settle(desk, body))

    return [page, mend, *check_routes(checks)]
