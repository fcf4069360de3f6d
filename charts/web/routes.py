"""The page's routes: the page, charts, and their data."""

from typing import Annotated, Any, Final

from litestar import MediaType, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter
from litestar.response import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from charts.figures.gallery import CHARTS, Question
from charts.queries.database import ReadOnlyDatabase
from charts.web.asking import PARAMETERS, PNG, SVG
from charts.web.described import asking, replaced_by
from charts.web.shapes import Drift, Frequency, Health, ItemTotals, Plan, Prediction, Score, Stock, Summary
from charts.web.web import AnyRequest, Web, problem
from streams.http.description import KEY_REFUSALS, Described, refusals

FILES: Final = tuple(f"{name}.{form}" for name in CHARTS for form in ("png", "svg"))
_BY_ACCEPT: Final = {406: "None of the formats that Accept names is there."}


def routes(web: Web, registry: CollectorRegistry) -> list[HTTPRouteHandler]:
    """All of them."""
    return [*_forecast_routes(web), *_sales_routes(web), *_picture_routes(web), *_routes_about_itself(web, registry)]


def _forecast_routes(web: Web) -> list[HTTPRouteHandler]:
    answers = web.answers

    @get("/predict", summary="What will sell and what to shelve", **asking("store"))
    async def predict(request: AnyRequest) -> Response[list[Prediction]]:
        """Units of the next business day and the share of the shelf."""
        return await web.data(request, lambda q: answers.predict(q.store))

    @get("/v1/plan", **replaced_by("/v1/shelves"), summary="Newest shelf plans", **asking("store"))
    async def plan(request: AnyRequest) -> Response[list[Plan]]:
        """By store and shelf."""
        return await web.data(request, lambda q: answers.plans(q.store))

    @get("/v1/scores", **replaced_by("/v1/accuracy"), summary="How good the forecasts were", **asking("store"))
    async def scores(request: AnyRequest) -> Response[dict[str, Score]]:
        """By horizon, against the same-weekday mean."""
        return await web.data(request, lambda q: answers.scores(q.store))

    @get("/v1/drifts", **replaced_by("/v1/drift"), summary="Drift", **asking())
    async def drifts(request: AnyRequest) -> Response[list[Drift]]:
        """What changed, newest first."""
        return await web.data(request, lambda _: answers.drifts())

    @get("/v1/stock", summary="What should I stock?", **asking("store"))
    async def stock(request: AnyRequest) -> Response[Stock]:
        """One store's items with tomorrow's units, the week's, and their share of the shelf; the first store's where none is named."""
        return await web.data(request, lambda q: answers.stock(q.store))

    return [predict, plan, scores, drifts, stock]


def _sales_routes(web: Web) -> list[HTTPRouteHandler]:
    answers = web.answers

    @get("/v1/summary", **replaced_by("/v1/statistics"), summary="Totals, errors and drift", **asking())
    async def summary(request: AnyRequest) -> Response[Summary]:
        """What the page shows live."""
        return await web.data(request, lambda _: answers.summary())

    @get("/profit_by_item", summary="Profit by item", **asking("store", "top", "from", "to", "currency", kinds=(PNG, SVG), also=_BY_ACCEPT))
    async def profit_by_item(request: AnyRequest) -> Response[list[ItemTotals]]:
        """A bar chart; JSON and SVG by Accept."""
        return await web.answered(request, lambda q: web.negotiated(request, "profit_by_item", q, answers.items))

    @get("/frequency_of_sale", summary="Frequency of sale", **asking("store", "top", "from", "to", kinds=(PNG, SVG), also=_BY_ACCEPT))
    async def frequency_of_sale(request: AnyRequest) -> Response[list[Frequency]]:
        """A bar chart; JSON and SVG by Accept."""
        return await web.answered(request, lambda q: web.negotiated(request, "frequency_of_sale", q, answers.frequencies))

    return [summary, profit_by_item, frequency_of_sale]


def _picture_routes(web: Web) -> list[HTTPRouteHandler]:
    @get("/gallery", media_type=MediaType.HTML, **asking("store"))
    async def gallery(request: AnyRequest) -> Response[Any]:
        return await web.answered(request, web.page)

    @get("/charts/{file:str}", media_type=PNG, summary="A chart", **asking(*PARAMETERS, kinds=(PNG, SVG), also={404: "No such chart."}))
    async def picture(
        request: AnyRequest, file: Annotated[str, PathParameter(description="The chart and its format.", schema_extra={"enum": [*FILES]})]
    ) -> Response[bytes]:
        """Any chart as PNG or SVG; each takes the parameters that it has a use for."""
        name, _, form = file.partition(".")
        if file not in FILES:
            return problem(404, f"There are {', '.join(CHARTS)}, each as .png and .svg.")
        return await web.answered(request, lambda q: web.picture(name, q, "png" if form == "png" else "svg"))

    return [gallery, picture]


def _routes_about_itself(web: Web, registry: CollectorRegistry) -> list[HTTPRouteHandler]:
    @get("/healthz", summary="Whether MongoDB answers", **asking())
    async def healthz(request: AnyRequest) -> Response[Health]:
        """Open to all."""

        def work(_: Question) -> Health:
            if isinstance(web.database, ReadOnlyDatabase):
                web.database.ping()
            return Health(status="ok")

        return await web.data(request, work)

    @get(
        "/metrics",
        media_type=MediaType.TEXT,
        sync_to_thread=False,
        summary="Metrics for Prometheus",
        operation_class=Described,
        responses=refusals(KEY_REFUSALS),
    )
    def metrics() -> Response[bytes]:
        """In Prometheus' text format."""
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [healthz, metrics]
