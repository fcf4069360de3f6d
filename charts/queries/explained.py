"""Why a forecast of one day is what it is: its parts, how good such forecasts were of late, and what came."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, convert, field, json

from charts.queries.columns import P10, P50, P90, Baseline, Day, Item, Mean, Seconds, Store
from charts.queries.forecasts import PastForecast, horizon_of, newest_forecast, past_forecasts
from charts.queries.item_history import accuracy
from charts.queries.sales import Finds
from streams.contract.horizons import DAY, PARTS
from streams.contract.messages import ForecastParts

OF_LATE_DAYS: Final = 28


class Part(Struct, frozen=True):
    """One cause of a forecast."""

    name: str
    units: Annotated[float, Meta(description="What it adds to the parts before it, units.")]
    sum: Annotated[float, Meta(description="The parts up to this one together, units.")]


class OfLate(Struct, frozen=True, kw_only=True):
    """How good the item's next-day forecasts were that came due in the last four weeks."""

    n: Annotated[int, Meta(description="Forecasts that have come due.")]
    wape: Annotated[float | None, Meta(description="Sum |forecast - sold| / sum of sold; null: nothing was sold.")]
    wape_same_weekday_mean: Annotated[float | None, Meta(description="The same of the baseline.")]
    bias: Annotated[float | None, Meta(description="Sum of forecast - sold / sum of sold.")]
    coverage: Annotated[float | None, Meta(description="Fraction within p10 to p90; 0.8 is the aim.")]


class Explained(Struct, frozen=True, kw_only=True):
    """A forecast of one day of an item, and why it is what it is."""

    store: Store
    item: Item
    day: Annotated[Day, Meta(description="The day that is forecast.")]
    origin: Annotated[Day, Meta(description="The newest business date the forecast knows of.")]
    made_at: Annotated[Seconds | None, Meta(description="Event time of the close that made it; null: of a forecast that has come due.")]
    mean: Mean
    p10: P10
    p50: Annotated[P50 | None, Meta(description="Null: of a forecast that has come due.")]
    p90: P90
    same_weekday_mean: Baseline
    parts: Annotated[list[Part], Meta(description="They add up to the mean, to the last digit; empty: not known.")] = field(
        default_factory=list
    )
    expert: Annotated[str | None, Meta(description="The expert that weighs most in the mix.")] = None
    holiday: Annotated[str | None, Meta(description="The named holiday that is near.")] = None
    days_after_holiday: Annotated[int, Meta(description="Days from that holiday to the day; below 0: it is still to come.")] = 0
    of_late: OfLate
    sold: Annotated[float | None, Meta(description="What came; null: the day has not closed.")] = None

    def units(self, part: str) -> float:
        """The units of a part; 0 if it is not known."""
        return next((one.units for one in self.parts if one.name == part), 0.0)


def explained(database: Finds, store: str, item: str, day: str | None = None) -> Explained | None:
    """The forecast of a day, by default of the day ahead; None: there is none. Raises ServerError."""
    newest = newest_forecast(database, store, item)
    if newest is None:
        return None
    past = past_forecasts(database, store, item, OF_LATE_DAYS)
    of_late = convert(accuracy(past).shown(), OfLate)
    close = newest.get("close")
    ahead = horizon_of(close, DAY.name) if close else None
    if close and ahead and day in (None, ahead["first_day"]):
        return _of_ahead(store, item, close, ahead, of_late)
    came = next((one for one in past if one.day == day), None)
    return None if came is None else _of_past(store, item, came, newest.get("said", {}), of_late)


def _of_ahead(store: str, item: str, close: Mapping[str, Any], ahead: Mapping[str, Any], of_late: OfLate) -> Explained:
    numbers = {name: ahead[name] for name in ("mean", "p10", "p50", "p90", "same_weekday_mean")}
    return Explained(
        store=store,
        item=item,
        day=ahead["first_day"],
        origin=close["origin"],
        made_at=close["made_at"],
        of_late=of_late,
        **numbers,
        **_why(close.get("parts")),
    )


def _of_past(store: str, item: str, came: PastForecast, said: Mapping[str, str], of_late: OfLate) -> Explained:
    kept = said.get(came.day)
    return Explained(
        store=store,
        item=item,
        day=came.day,
        origin=(date.fromisoformat(came.day) - timedelta(days=1)).isoformat(),
        made_at=None,
        mean=came.mean,
        p10=came.p10,
        p50=None,
        p90=came.p90,
        same_weekday_mean=came.same_weekday_mean,
        of_late=of_late,
        sold=came.actual,
        **_why(json.decode(kept) if kept else None),
    )


def _why(parts: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fields of `Explained` that the parts of a forecast tell."""
    if parts is None:
        return {}
    rows, total = [], 0
    for name, thousandths in zip(PARTS, parts["thousandths"], strict=True):
        total += thousandths
        rows.append(Part(name, thousandths / 1000, total / 1000))
    told = {name: parts[name] for name in ForecastParts.__struct_fields__ if name != "thousandths" and name in parts}
    return {"parts": rows, **told}
