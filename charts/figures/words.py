"""Numbers, dates and scopes in a form that is easy to read."""

from collections.abc import Sequence

from charts.figures.style import shortened
from charts.queries.sales import Period


def count(number: float) -> str:
    """A count or units, such as 1,234; with a decimal only if the number is small and not whole."""
    if number == int(number) or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:,.1f}"


def short(number: float) -> str:
    """A number in a few characters: 12.3 M, 4.5 k, 87."""
    for size, unit in ((1e9, " bn"), (1e6, " M"), (1e4, " k")):
        if abs(number) >= size:
            scaled = number / (1e3 if unit == " k" else size)
            return f"{scaled:,.1f}{unit}" if abs(scaled) < 100 else f"{scaled:,.0f}{unit}"
    return count(number)


def percent(fraction: float) -> str:
    """A fraction as percent."""
    return f"{fraction:.0%}" if abs(fraction) >= 0.0995 else f"{fraction:.1%}"


def part(share: float) -> str:
    """A share of a whole, as in "half of it"."""
    return "half" if 0.47 <= share <= 0.53 else percent(share)


def scope(store: str | None) -> str:
    """Whose sales."""
    return "all stores" if store is None else f"store {shortened(store, 24)}"


def span(first_day: str, last_day: str) -> str:
    """A period in words."""
    return first_day if first_day == last_day else f"{first_day} to {last_day}"


def asked(period: Period) -> str:
    """The period that was asked for, for figures that found nothing in it."""
    if period.first and period.last:
        return f"from {period.first} to {period.last}"
    if period.first:
        return f"since {period.first}"
    return f"until {period.last}" if period.last else "so far"


def currency(name: str | None, others: Sequence[str | None] = ()) -> str:
    """The unit of money, as far as the sales name it, and the currencies that are not in the sums."""
    unit = f"in {name}" if name else "of sales that named no currency" if others else "in the stores' currency"
    if not others:
        return unit
    shown = [other or "sales that named none" for other in others]
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return f"{unit} (without {', '.join(shown[:5])}{more}: choose a currency)"
