"""Each figure with nothing, little, much and hostile; looked at by eye, and here by what stands in it."""

import random
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from charts.figures import bars, errors, forecast, hours, shelf, style, words
from charts.figures.draw import drawn
from charts.queries.forecasts import ErrorSums, PastForecast
from charts.queries.sales import Period, Sums
from streams.contract.horizons import HORIZON_NAMES, LONGEST

HOSTILE = [
    "$x^2$ costs $5$", "\\frac{1}{2}$", "牛奶 全脂 一升装", "\u202eחלב", "حليب", "😀", "<script>alert(1)</script>", "a&b\"'", " ",
    "\u200b\u200b",
    "x" * 128, "e\u0301" * 60, "_{^%#~", "\ud7ff\uffff",
]  # fmt: skip


def sums(units, revenue, profit, lines, *, known=True, returns=0, currency="EUR"):
    one = Sums()
    row = [units * 1000, revenue, profit, lines, returns, returns * 1000, lines, int(known)]
    one.add("2025-01-03", row, {currency: [revenue, profit, int(known), lines + returns]})
    one.add("2025-06-30", [0] * 8, {})
    return one


def many(count):
    return {f"item {n}": sums(n + 1, (n + 1) * 10**6, (n + 1) * 10**5, n + 1) for n in range(count)}


def texts(make):
    """Every text of the figure, out of its SVG, where text stays text."""
    root = ET.fromstring(drawn(make, "svg"))
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text") if element.text]


def is_png(picture):
    return picture[:8] == b"\x89PNG\r\n\x1a\n" and len(picture) > 5000


@pytest.mark.parametrize("count", [1, 3, 16, 17, 300])
@pytest.mark.parametrize("kind", [bars.profit_by_item, bars.frequency_of_sale])
def test_bars_show_the_top_and_the_rest(kind, count):
    def make():
        return kind(many(count), None, Period(), 15)

    shown = texts(make)
    labels = [text for text in shown if text.startswith(("item ", "the other"))]
    if count <= 16:
        assert (
            len(
                [
                    label
                    for label in labels
                    if label.startswith("item ") and " brought" not in label and " made" not in label and ":" not in label
                ]
            )
            == count
        )
    else:
        assert f"the other {count - 15} items" in labels
    assert any("2025-01-03 to 2025-06-30" in text and "all stores" in text for text in shown)
    assert is_png(drawn(make, "png"))


def test_the_rest_is_the_sum_of_the_others():
    ranked = bars.ranked({f"i{n}": float(n) for n in range(100)}, 10)
    assert [bar.value for bar in ranked[:2]] == [99.0, 98.0]
    assert ranked[-1].is_rest
    assert ranked[-1].value == sum(range(90))
    assert sum(bar.value for bar in ranked) == sum(range(100))


def test_the_title_says_the_finding_with_unit_and_period():
    items = {"milk": sums(1, 10**6, 750_000, 1), "bread": sums(1, 10**6, 250_000, 1)}
    shown = texts(lambda: bars.profit_by_item(items, "Berlin", Period()))
    assert "milk brought 75% of the profit of 2 items" in shown
    assert any("in EUR" in text and "store Berlin" in text for text in shown)


def test_profit_is_of_one_currency_and_the_others_are_named():
    items = many(3) | {"lift ticket": sums(1, 9 * 10**9, 9 * 10**9, 2, currency="CHF")}
    shown = texts(lambda: bars.profit_by_item(items, None, Period()))
    assert not any("lift ticket" in text for text in shown)
    assert any("in EUR (without CHF: choose a currency)" in text for text in shown)
    chosen = texts(lambda: bars.profit_by_item(items, None, Period(), wanted="CHF"))
    assert any("lift ticket" in text for text in chosen)
    assert any("No sales in USD" in text for text in texts(lambda: bars.profit_by_item(items, None, Period(), wanted="USD")))


def test_without_any_profit_it_is_revenue_and_says_so():
    shown = texts(
        lambda: bars.profit_by_item({"milk": sums(1, 10**6, 0, 1, known=False), "b": sums(1, 1, 0, 1, known=False)}, None, Period())
    )
    assert any("of the revenue" in text for text in shown)
    assert any("no line came with a profit or a cost" in text for text in shown)


def test_returns_lower_the_frequency():
    items = {"milk": sums(1, 1, 1, 100, returns=20), "bread": sums(1, 1, 1, 60)}
    shown = texts(lambda: bars.frequency_of_sale(items, None, Period()))
    assert "80" in shown
    assert any("160 sale lines less 20 returns" in text for text in shown)


@pytest.mark.parametrize("title", ["W" * 70, "W" * 4000, "a title that fits"])
def test_a_title_stays_on_the_paper(title):
    def make():
        figure = style.new_figure(title, title, 1.0)
        for text in figure.texts:
            assert text.get_window_extent().width <= style.WIDTH * figure.dpi
        return figure

    assert drawn(make, "png")


def test_losses_are_drawn():
    make = lambda: bars.profit_by_item({"a": sums(1, 1, -5 * 10**6, 1), "b": sums(1, 1, -(10**6), 1)}, None, Period())  # noqa: E731
    assert "-5" in texts(make)
    assert is_png(drawn(make, "png"))


@pytest.mark.parametrize("form", ["png", "svg"])
def test_hostile_names_are_drawn_as_they_are(form):
    items = {name: sums(3, 10**6 + n, 10**5, 2) for n, name in enumerate(HOSTILE)}
    for name in HOSTILE:
        past = [PastForecast("2025-01-01", 1.0, 2.0, 0.5, 4.0, 3.0)]
        assert drawn(lambda name=name, past=past: forecast.forecast_against_actual(name, name, past, None), form)
        assert drawn(lambda name=name: bars.profit_by_item(items, name, Period()), form)
    plan = {"store": HOSTILE[1], "shelf": HOSTILE[0], "origin": "2025-01-01", "items": [
        {"item": name, "predicted_sales": 1.0, "shelf_space_percentage": 100 / len(HOSTILE)} for name in HOSTILE]}  # fmt: skip
    assert drawn(lambda: shelf.shelf_share(plan), form)


def test_a_dollar_is_a_dollar_and_markup_is_text():
    shown = texts(lambda: bars.profit_by_item({name: sums(1, 1, 10**6, 1) for name in HOSTILE}, None, Period()))
    assert "$x^2$ costs $5$" in shown
    assert "<script>alert(1)</script>" in shown
    assert "牛奶 全脂 一升装" in shown


def test_long_names_are_shortened_by_width():
    assert style.shortened("x" * 128) == "x" * 33 + "…"
    assert len(style.shortened("牛" * 128)) == 17
    assert style.shortened("\u202eab\u200b") == "ab"
    assert style.shortened("\u200b") == "(blank)"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: bars.profit_by_item({}, "Berlin", Period("2025-01-01", "2025-01-31")),
            "No sales in store Berlin from 2025-01-01 to 2025-01-31.",
        ),
        (lambda: bars.frequency_of_sale({}, None, Period()), "No sales in all stores so far."),
        (
            lambda: forecast.forecast_against_actual("Berlin", "milk", [], None),
            "No forecast yet: the first comes when a business day closes.",
        ),
        (lambda: errors.running_error({}, None), "come due yet"),
        (lambda: shelf.shelf_share(None), "No shelf plan yet"),
        (lambda: hours.busiest_hours([0] * 168, None, Period("2025-01-01")), "No sales in all stores since 2025-01-01."),
    ],
)
def test_nothing_to_show_is_said(make, sentence):
    assert any(sentence in text for text in texts(make))
    assert drawn(make, "png")[:4] == b"\x89PNG"


def close(days=28):
    return {
        "origin": "2025-03-31",
        "path": [20.0 + n % 7 for n in range(days)],
        "horizons": [
            {"horizon": "day", "first_day": "2025-04-01", "last_day": "2025-04-01", "mean": 20.4, "p10": 12.0, "p50": 20.0, "p90": 31.0}
        ],
    }


def test_the_forecast_names_its_error_and_its_band():
    rng = random.Random(1)
    past = [
        PastForecast((date(2025, 1, 1) + timedelta(days=n)).isoformat(), float(rng.randrange(10, 30)), 20.0, 12.0, 28.0, 25.0)
        for n in range(90)
    ]
    shown = texts(lambda: forecast.forecast_against_actual("Berlin", "milk", past, close()))
    assert "milk: about 20.4 units on 2025-04-01" in shown
    within = sum(12 <= one.actual <= 28 for one in past)
    assert any(f"{within} of 90 days within the band" in text for text in shown)
    assert {"sold", "forecast band, p10 to p90", f"expected, {LONGEST.title}"} <= set(shown)


def test_a_first_forecast_without_a_past_is_drawn():
    assert is_png(drawn(lambda: forecast.forecast_against_actual("Berlin", "milk", [], close()), "png"))


def by_origin(days, ours, theirs):
    found = {}
    for horizon in HORIZON_NAMES:
        found[horizon] = {}
        for n in range(days):
            one = ErrorSums()
            one.add((4, 100.0, ours, theirs, 0.0, 3))
            found[horizon][(date(2025, 1, 1) + timedelta(days=n)).isoformat()] = one
    return found


@pytest.mark.parametrize("days", [1, 2, 40, 400])
def test_running_error_names_the_difference(days):
    shown = texts(lambda: errors.running_error(by_origin(days, 20.0, 25.0), None))
    assert any(f"{style.MINUS}20% (1 day)" in text for text in shown)
    assert shown.count("20% against 25% over all") == len(HORIZON_NAMES)


def test_the_running_error_is_that_of_the_window():
    origins = by_origin(40, 10.0, 10.0)["day"]
    for day in sorted(origins)[:12]:
        origins[day].absolute_error = 90.0
    line = errors.running(origins)
    assert line[11].ours == pytest.approx(0.9)
    assert line[-1].ours == pytest.approx(0.1)


def test_days_without_sales_are_no_division_by_zero():
    nothing = ErrorSums()
    nothing.add((3, 0.0, 2.0, 1.0, 2.0, 0))
    assert errors.running({"2025-01-01": nothing}) == []
    assert drawn(lambda: errors.running_error({"day": {"2025-01-01": nothing}}, None), "png")


@pytest.mark.parametrize("count", [1, 3, 300])
def test_shelf_shares_show_percent_of_shelf_and_sales(count):
    items = [{"item": f"item {n}", "predicted_sales": 1.0 + n, "shelf_space_percentage": 100 / count} for n in range(count)]
    plan = {"store": "Berlin", "shelf": "all", "origin": "2025-01-01", "items": items}
    shown = texts(lambda: shelf.shelf_share(plan))
    assert any(f"{100 / count:.1f}% of shelf" in text for text in shown)
    assert is_png(drawn(lambda: shelf.shelf_share(plan), "png"))


def test_a_plan_without_expected_sales_is_drawn():
    plan = {
        "store": "B",
        "shelf": "all",
        "origin": "2025-01-01",
        "items": [{"item": "a", "predicted_sales": 0.0, "shelf_space_percentage": 100.0}],
    }
    assert is_png(drawn(lambda: shelf.shelf_share(plan), "png"))


def test_the_busiest_hour_is_named():
    counts = [0] * 168
    counts[5 * 24 + 14], counts[3] = 3, 1
    assert "Saturday at 14 h is the busiest hour: 75% of sales" in texts(lambda: hours.busiest_hours(counts, None, Period()))


def test_a_picture_of_the_same_is_the_same():
    assert drawn(lambda: bars.profit_by_item(many(5), None, Period()), "svg") == drawn(
        lambda: bars.profit_by_item(many(5), None, Period()), "svg"
    )


def test_numbers_are_short_and_exact_where_small():
    assert [words.short(n) for n in (0, 7, 3.25, 999.4, 9_999, 12_345, 2_500_000, -4e9)] == [
        "0",
        "7",
        "3.2",
        "999",
        "9,999",
        "12.3 k",
        "2.5 M",
        "-4.0 bn",
    ]
