"""A made-up shop behind the pages: sales, forecasts, plans and drift in memory, and doors that remember what went through them."""

from datetime import date, timedelta

import msgspec
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from charts.web.app import create_app
from charts.web.pages.outside import DeadLetter, Finding, Outside
from charts.web.web_settings import WebSettings
from consumers.forecasts.forecasts import ForecastsSink
from consumers.statistics.statistics import StatisticsSink
from streams.contract.errors import ServerError
from streams.contract.messages import Allocation
from tests.support.fakes import MemoryDocuments, MemoryKeeps, metrics
from tests.support.shop import FIRST, accepted, drift, forecast, forecast_of_today, plan, records_of, score
from tests.support.stand_ins import BEGINNING

HOSTILE = "<script>alert('x')</script>"
STORE = "Køln <b>&"
ITEMS = {"milk": 1.39, "bread": 2.49, HOSTILE: 5.0}
DAYS = 60
LAST = FIRST + timedelta(days=DAYS - 1)


def sold(days=DAYS, store=STORE):
    """Three lines of each item a day at noon; categories, cost and currency are known."""
    made = []
    for day in range(days):
        on = FIRST + timedelta(days=day)
        for item, price in ITEMS.items():
            for _ in range(3):
                seq = len(made) + 1
                cost = 6.0 if item == HOSTILE else price * 0.7
                made.append(accepted(
                    seq, event_id=f"e{seq}", store=store, item=item, quantity=2.0, currency="EUR", business_date=on.isoformat(), hour=12,
                    sold_at=noon(on) + seq % 9, revenue_micros=round(2e6 * price), profit_micros=round(2e6 * (price - cost)),
                    category="dairy" if item == "milk" else "other",
                ))  # fmt: skip
    return made


def noon(day: date) -> float:
    return (day - date(1970, 1, 1)).days * 86_400 + 12 * 3600.0


def foreseen(days=DAYS, store=STORE):
    """The forecasts of the day before the last one, today's as it runs, scores, a described shelf and a level shift."""
    origin = LAST - timedelta(days=1)
    made = [score(n + 1, FIRST + timedelta(days=n), store, "day", tuple(ITEMS)) for n in range(days - 2)]
    made += [forecast(900, n, store, item, origin, 6.0) for n, item in enumerate(ITEMS)]
    items = tuple(
        Allocation(
            item=item, predicted_sales=6.0, shelf_space_percentage=100 / 3, percentage_of_shelf=100 / 3, facings=3,
            previous_facings=2 + n, profit_per_day=1.0 + n, marginal_profit=0.5,
            order_units=12.0 if item == "milk" else None, stock=4.0 if item == "milk" else None,
        )
        for n, item in enumerate(ITEMS)
    )  # fmt: skip
    made.append(msgspec.structs.replace(plan(901, {"milk": 1.0}, store, origin), shelf="dairy", items=items, gain_per_day=1.5))
    made.append(forecast_of_today(950, store, "milk", LAST.isoformat(), 25.0))
    made.append(msgspec.structs.replace(drift(960, store, "bread"), since=(LAST - timedelta(days=5)).isoformat()))
    made.append(msgspec.structs.replace(drift(961, store, "bread"), kind="sale_error", store=None, item=None))
    return made


def filled(store=STORE):
    documents = MemoryDocuments()
    statistics = StatisticsSink(documents, metrics())
    statistics.start(0, BEGINNING)
    statistics.write(records_of(sold(store=store)))
    forecasts = ForecastsSink(documents, metrics())
    forecasts.start(0, BEGINNING)
    forecasts.write(records_of(foreseen(store=store)))
    return documents


LETTER = DeadLetter("0-1", "invalid", f"quantity is 0 {HOSTILE}", "sales.events-0-7", 1.74e9, STORE, '{"item": "<b>"}', 12.5)


class Doors:
    """Remembers what went through them."""

    def __init__(self):
        self.published, self.mended, self.dismissed = [], [], []
        self.letters = [LETTER]
        self.outside = Outside(
            lag=lambda: {"worker": 3},
            letters=lambda: self.letters,
            publish=lambda *event: self.published.append(event),
            mend=self._mend,
            dismiss=lambda *place: self.dismissed.append(place),
            checks={"books": lambda: [Finding("books", "good", "10 sale lines")], "system": self._fails},
        )

    def _mend(self, *letter):
        self.mended.append(letter)
        self.letters = []

    def _fails(self):
        raise ServerError("Kafka does not answer.")


def client_of(documents, doors=None, keeps=None, **settings):
    app = create_app(
        documents, WebSettings(**settings), CollectorRegistry(), keeps=keeps or MemoryKeeps(), outside=(doors or Doors()).outside
    )
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
