"""Messages about stock as the worker writes them: ledger lines, lost sales, silent shelves, expected stock-outs."""

from itertools import count

from streams.contract.stock_messages import (
    LostItem,
    LostMoney,
    LostSalesEstimated,
    RunsOutExpected,
    ShelfSilent,
    StockStated,
    WrittenOff,
)

AT = 1_738_000_000.0
DAYS = ("2025-01-26", "2025-01-27")


def lost(number, store, day, items):
    """A day's lost sales. items: name -> (category, sold, demand, price, currency)."""
    made = tuple(
        LostItem(
            item=name, category=category, hours_out=3, sold=sold, demand=demand, p10=sold + 0.5 * (demand - sold),
            p90=sold + 2 * (demand - sold), revenue=price * (demand - sold), profit=0.25 * price * (demand - sold), currency=currency,
        )
        for name, (category, sold, demand, price, currency) in items.items()
    )  # fmt: skip
    units = sum(one.demand - one.sold for one in made)
    money = tuple(
        LostMoney(currency=currency, revenue=of, revenue_p10=of / 2, revenue_p90=of * 2, profit=of / 4)
        for currency in sorted({one.currency for one in made}, key=str)
        for of in (sum(one.revenue for one in made if one.currency == currency),)
    )
    return LostSalesEstimated(
        id=f"0-{number}-0", store=store, business_date=day, made_at=AT, n=len(made), units=units, units_p10=units / 2, units_p90=units * 2,
        money=money, items=made, partition=0, offset=number,
    )  # fmt: skip


def stated(number, store, item, units=7.0, **changes):
    """A ledger line."""
    told = {"knows": "derived", "cause": "close", "written_off": (WrittenOff("waste", 2.0), WrittenOff("stolen", 1.0)), **changes}
    return StockStated(
        id=f"0-{number}-0", store=store, item=item, business_date=DAYS[-1], made_at=AT, units=units, partition=0, offset=number, **told
    )


def silent(number, store, item, at=AT):
    return ShelfSilent(
        id=f"0-{number}-0", store=store, item=item, business_date=DAYS[-1], made_at=at, silent_since=at - 7200, probability=0.0005,
        units_per_hour=4.0, revenue_per_hour=6.0, partition=0, offset=number,
    )  # fmt: skip


def runs_out(number, store, item, at=AT):
    return RunsOutExpected(
        id=f"0-{number}-0", store=store, item=item, business_date=DAYS[-1], made_at=at, stock=3.0, probability=0.8,
        expected_at=at + 7200, bring=5.0, partition=0, offset=number,
    )  # fmt: skip


def told_of_stock(stores, items):
    """Of each store a ledger line an item, the first of them out, and two days with lost sales."""
    number = count(9100)
    for store in stores:
        yield stated(next(number), store, items[0], 0.0, out_since=AT - 3600, cause="sold_out")
        for item in items[1:]:
            yield stated(next(number), store, item)
        for day in DAYS:
            yield lost(
                next(number), store, day, {item: ("=dairy" if n % 2 else None, 2.0, 6.0, 1.5, "EUR") for n, item in enumerate(items)}
            )
