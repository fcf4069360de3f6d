"""Business dates on an axis."""

from datetime import date

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

_EPOCH = date(1970, 1, 1)


def day_number(day: str) -> float:
    """A date as matplotlib's number: days since 1970-01-01."""
    return float((date.fromisoformat(day) - _EPOCH).days)


def show_dates(axes: Axes, fewest: int, most: int) -> None:
    """Label the x axis with dates, without repeating parts that do not change."""
    locator = AutoDateLocator(minticks=fewest, maxticks=most)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
