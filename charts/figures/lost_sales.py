"""What empty shelves cost: lost revenue by category, or by item where sales name no category."""

from datetime import date

from matplotlib.figure import Figure

from charts.figures import style, words
from charts.figures.bars import Bar, ranked
from charts.queries.stock import WEEK_DAYS, LostSales


def lost_sales(lost: LostSales | None, store: str | None, top: int = 15, wanted: str | None = None) -> Figure:
    """Estimated lost revenue in one currency; None takes the one with the largest loss."""
    found = [] if lost is None else [currency for currency in lost.currencies if wanted in (None, currency)]
    if lost is None or not found:
        return style.empty_figure("Empty shelves", f"Nothing was out of stock in {words.scope(store)}, as far as stock is known.")
    currency, others = found[0], [other for other in lost.currencies if other != found[0]]
    money = lost.money[currency]
    values, named = lost.parts(currency)
    profit = "" if money.profit is None else f", profit {words.short(money.profit)}"
    what = f"Estimated revenue of what was not sold, by {'category' if named else 'item'}, {words.currency(currency, others)}"
    where = f"{words.scope(store)}, {words.span(lost.first_day, lost.last_day)}"
    subtitle = f"{what}, {where}; P10 to P90 {words.short(money.p10)} to {words.short(money.p90)}{profit}"
    return _draw(ranked(values, top, "categories" if named else "items"), finding(lost, currency), subtitle)


def finding(lost: LostSales, currency: str | None) -> str:
    """The title: what it cost, and where most of it was lost."""
    days = (date.fromisoformat(lost.last_day) - date.fromisoformat(lost.first_day)).days + 1
    when = " in a week" if days == WEEK_DAYS else " in a day" if days == 1 else f" in {days} days"
    cost, (name, share) = f"Empty shelves cost {words.short(lost.money[currency].revenue)}{when}", lost.most(currency)
    if name is None or share is None:
        return cost
    if len(lost.parts(currency)[0]) == 1:
        return f"{cost}, in {style.shortened(name, 30)}"
    return f"{cost}; {words.part(share)} of it in {style.shortened(name, 30)}"


def _draw(bars: list[Bar], title: str, subtitle: str) -> Figure:
    figure = style.new_figure(title, subtitle, max(1.2, 0.31 * len(bars)))
    labels = [bar.label if bar.is_rest else style.shortened(bar.label) for bar in bars]
    axes = style.add_body(figure, 0.45 + style.label_inches(labels), 0.95)
    places = list(range(len(bars) - 1, -1, -1))
    longest = max((bar.value for bar in bars if not bar.is_rest), default=0.0)
    lengths = [style.cut(bar.value, longest) if bar.is_rest else bar.value for bar in bars]
    axes.barh(places, lengths, height=0.72, color=[style.REST if bar.is_rest else style.VERMILLION for bar in bars])
    axes.set_yticks(places, labels)
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.xaxis.set_major_formatter(lambda value, _: words.short(value))
    axes.grid(axis="x", color=style.GRID, linewidth=0.8)
    axes.locator_params(axis="x", nbins=7)
    for place, bar, length in zip(places, bars, lengths, strict=True):
        style.label_bar(axes, place, length, words.short(bar.value), is_cut=length != bar.value)
    return figure
