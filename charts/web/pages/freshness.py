"""Whether a store's silence is usual at this hour, or something to look at."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal

State = Literal["good", "warn", "bad", "shut", "past", "unknown"]
PAST_SECONDS: Final = 14 * 86_400
"""After so long without a sale the data is history, as after a replay: nobody needs an alarm."""
_HOUR: Final = 3600
_AMBER, _RED = (5.0, 300.0), (10.0, 900.0)
"""Orders that should have come meanwhile, and seconds of silence, both of which must be exceeded.

If orders come independently, a silence in which 5 were due happens once in 150 times, one in which 10 were due once in 20,000.
"""


def state_of(newest_sale: float | None, now: float, arrivals_an_hour: Sequence[float], zone: tzinfo) -> State:
    """What a store's silence means. arrivals_an_hour: usual orders by hour of the week, from Monday 0 h."""
    if newest_sale is None:
        return "unknown"
    silent = now - newest_sale
    if silent > PAST_SECONDS:
        return "past"
    due = arrivals_due(newest_sale, now, arrivals_an_hour, zone)
    for state, (orders, seconds) in (("bad", _RED), ("warn", _AMBER)):
        if due >= orders and silent >= seconds:
            return state  # type: ignore[return-value]
    return "shut" if due < 1 and silent > _HOUR and arrivals_an_hour[hour_of_week(now, zone)] == 0 else "good"


def arrivals_due(since: float, until: float, an_hour: Sequence[float], zone: tzinfo) -> float:
    """How many usually come between two moments. an_hour: by hour of the week."""
    due, at = 0.0, since
    while at < until:
        end = min((at // _HOUR + 1) * _HOUR, until)
        due += an_hour[hour_of_week(at, zone)] * (end - at) / _HOUR
        at = end
    return due


def hour_of_week(seconds: float, zone: tzinfo) -> int:
    """The local hour of the week of a moment, from Monday 0 h."""
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return local.weekday() * 24 + local.hour
