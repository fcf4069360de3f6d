"""Items by profit or by how often they sold: the top ones as bars, all others as one bar."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from charts.figures import style, words
from charts.queries.sales import Period, Sums
from streams.contract.documents import MONEY_LINES, MONEY_PROFIT_LINES

MOST_BARS = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of an item, or of the rest."""

    label: str
    value: float
    is_rest: bool = False


def ranked(values: Mapping[str, float], top: int, noun: str = "items") -> list[Bar]:
    """The bars, largest first; if there are more than `top` of them, the others become one bar at the end. noun: what they are."""
    order = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = min(max(top, 1), MOST_BARS)
    # A single item left over is better shown by its name.
    if len(order) <= shown + 1:
        return [Bar(name, value) for name, value in order]
    rest = sum(value for _, value in order[shown:])
    return [Bar(name, value) for name, value in order[:shown]] + [Bar(f"the other {len(order) - shown} {noun}", rest, is_rest=True)]


def profit_by_item(items: Mapping[str, Sums], store: str | None, period: Period, top: int = 15, wanted: str | None = None) -> Figure:
    """Profit of each item in one currency; revenue if no line had a profit or a cost.

    wanted: the currency; None takes the one with most lines. The subtitle names the others.
    """
    found = [currency for currency in currencies(items.values()) if wanted in (None, currency)]
    if not found:
        which = f" in {wanted}" if wanted else ""
        return style.empty_figure("Profit by item", f"No sales{which} in {words.scope(store)} {words.asked(period)}.")
    currency, others = found[0], [other for other in currencies(items.values()) if other != found[0]]
    items = {name: sums for name, sums in items.items() if currency in sums.money}
    known = any(sums.money[currency][MONEY_PROFIT_LINES] for sums in items.values())
    noun = "profit" if known else "revenue"
    values = {name: (sums.profit_in(currency) if known else sums.revenue_in(currency)) / 1e6 for name, sums in items.items()}
    money = words.currency(currency, others)
    note = "" if known else " (no line came with a profit or a cost)"
    subtitle = f"{noun.capitalize()} by item {money}{note}, {words.scope(store)}, {_days(items)}, less returns"
    return _draw(ranked(values, top), _finding(values, noun, "brought"), subtitle)


def currencies(sums: Iterable[Sums]) -> list[str | None]:
    """The currencies of sales, the one with most lines first; None: lines without a currency."""
    lines: Counter[str | None] = Counter()
    for one in sums:
        lines.update({currency: row[MONEY_LINES] for currency, row in one.money.items()})
    return sorted(lines, key=lambda currency: (-lines[currency], currency or ""))


def frequency_of_sale(items: Mapping[str, Sums], store: str | None, period: Period, top: int = 15) -> Figure:
    """How often each item was sold: lines sold less lines returned."""
    if not items:
        return style.empty_figure("Frequency of sale", f"No sales in {words.scope(store)} {words.asked(period)}.")
    values = {name: float(sums.sales - sums.returns) for name, sums in items.items()}
    sold, returned = sum(sums.sales for sums in items.values()), sum(sums.returns for sums in items.values())
    less = f"{sold:,} sale lines less {returned:,} returns" if returned else f"{sold:,} sale lines"
    subtitle = f"Times sold by item, {words.scope(store)}, {_days(items)}: {less}"
    return _draw(ranked(values, top), _finding(values, "sales", "made"), subtitle)


def _days(items: Mapping[str, Sums]) -> str:
    return words.span(min(s.first_day for s in items.values()), max(s.last_day for s in items.values()))


def _finding(values: Mapping[str, float], noun: str, verb: str) -> str:
    name = max(values, key=lambda item: (values[item], item))
    whole = sum(values.values())
    shown = style.shortened(name, 30)
    if len(values) == 1:
        return f"{shown}: {words.short(values[name])}"
    if whole > 0 and values[name] > 0:
        return f"{shown} {verb} {words.percent(values[name] / whole)} of the {noun} of {len(values):,} items"
    return f"{len(values):,} items {verb} {words.short(whole)} {noun}"


def _draw(bars: list[Bar], title: str, subtitle: str) -> Figure:
    figure = style.new_figure(title, subtitle, max(1.2, 0.31 * len(bars)))
    labels = [bar.label if bar.is_rest else style.shortened(bar.label) for bar in bars]
    axes = style.add_body(figure, 0.45 + style.label_inches(labels), 0.95)
    places = range(len(bars) - 1, -1, -1)
    colours = [style.REST if bar.is_rest else style.VERMILLION if bar.value < 0 else style.BLUE for bar in bars]
    longest = max((bar.value for bar in bars if not bar.is_rest), default=0.0)
    lengths = [style.cut(bar.value, longest) if bar.is_rest else bar.value for bar in bars]
    axes.barh(list(places), lengths, height=0.72, color=colours)
    axes.set_yticks(list(places), labels)
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.xaxis.set_major_formatter(lambda value, _: words.short(value))
    axes.grid(axis="x", color=style.GRID, linewidth=0.8)
    axes.locator_params(axis="x", nbins=7)
    for place, bar, length in zip(places, bars, lengths, strict=True):
        style.label_bar(axes, place, length, words.short(bar.value), is_cut=length != bar.value)
    if min(bar.value for bar in bars) < 0:
        axes.axvline(0, color=style.QUIET, linewidth=0.8)
    return figure
