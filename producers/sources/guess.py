"""A mapping guessed from the names and the values of columns, with sentences that say what was guessed and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from producers.sources.building import joined
from producers.sources.columns import Floats, numbers, plain_number, seconds, texts, truths
from producers.sources.mapping import NUMBERS, Constant, Identity, Mapping, Skip, Time
from producers.sources.rows import Column, Rows
from streams.contract.codec import EARLIEST, LATEST
from streams.contract.errors import UsageError

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "store": (
        "store",
        "storeid",
        "storename",
        "storenumber",
        "storenbr",
        "shop",
        "shopid",
        "branch",
        "filiale",
        "outlet",
        "location",
        "site",
        "market",
        "region",
        "country",
    ),
    "item": (
        "item",
        "itemid",
        "itemname",
        "itemnbr",
        "sku",
        "stockcode",
        "product",
        "productid",
        "productname",
        "article",
        "artikel",
        "articleid",
        "upc",
        "ean",
        "plu",
        "name",
        "description",
        "deptid",
        "dept",
        "department",
        "family",
        "category",
    ),
    "quantity": (
        "quantity",
        "qty",
        "units",
        "unitssold",
        "unitsales",
        "numsold",
        "numbersold",
        "quantitysold",
        "qtysold",
        "demand",
        "menge",
        "anzahl",
        "pieces",
        "buy",
        "count",
        "sold",
        "sales",
        "itemcnt",
        "itemcntday",
    ),
    "unit_price": ("unitprice", "price", "priceperunit", "itemprice", "preis", "einzelpreis", "sellingprice", "sellprice"),
    "amount": (
        "amount",
        "salesvalue",
        "total",
        "totalprice",
        "linetotal",
        "linevalue",
        "revenue",
        "umsatz",
        "betrag",
        "totalamount",
        "salesamount",
        "turnover",
        "value",
        "totalsales",
    ),
    "unit_cost": ("unitcost", "cost", "costprice", "cogs", "einkaufspreis"),
    "profit": ("profit", "grossprofit", "lineprofit", "gewinn"),
    "order_id": (
        "orderid",
        "order",
        "ordernumber",
        "invoiceno",
        "invoice",
        "invoiceid",
        "basketid",
        "basket",
        "receipt",
        "receiptid",
        "receiptno",
        "transactionid",
        "bon",
        "ticket",
        "billno",
    ),
    "customer": ("customer", "customerid", "client", "clientid", "householdid", "household", "memberid", "kunde"),
    "cashier": ("cashier", "cashierid", "staff", "staffid", "employee", "employeeid", "salesperson", "kassierer"),
    "category": ("category", "productcategory", "categoryname", "kategorie", "department", "family"),
    "channel": ("channel", "saleschannel"),
    "on_promotion": ("onpromotion", "promotion", "promo", "ispromo", "onpromo"),
    "list_price": ("listprice", "regularprice"),
    "currency": ("currency", "currencycode"),
    "stock_left": ("stockleft", "stock", "onhand"),
}
_TIMES: Final = (
    "soldat",
    "timestamp",
    "transactiontimestamp",
    "datetime",
    "saletime",
    "saledate",
    "invoicedate",
    "orderdate",
    "transactiondate",
    "date",
    "datum",
    "time",
    "day",
    "orderedat",
    "createdat",
)
_PLACES: Final = ("country", "region", "state", "city", "market")
_OPENS: Final = ("open", "isopen", "opened", "storeopen", "geoeffnet")
_CLOCKS: Final = ("time", "uhrzeit", "hour", "clock", "saletime")
_DATES: Final = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y")
_HOURS: Final = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_COMMA: Final = re.compile(r"[+\-(]?(\d{1,3}(\.\d{3})+,\d+|0,\d+|\d+,(\d{1,2}|\d{4,}))\)?")
_POINT: Final = re.compile(r"[+\-(]?(\d{1,3}(,\d{3})+\.\d+|0\.\d+|\d+\.(\d{1,2}|\d{4,}))\)?")
_TOTAL: Final = re.compile("sales|revenue|turnover|umsatz|betrag|amount")
_CALENDAR: Final = (
    "year",
    "quarter",
    "month",
    "week",
    "weekofyear",
    "weekday",
    "dayofweek",
    "dow",
    "dayofmonth",
    "dayofyear",
    "day",
    "hour",
)
_ENOUGH: Final = 0.9
_SAMPLE: Final = 2_000


@dataclass(slots=True)
class Guess:
    """A mapping and what to tell the person about it.

    told: a sentence on each guess, by the field of a sale or the key of the mapping that it is about; the time first.
    """

    mapping: Mapping
    told: dict[str, str]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was guessed and why."""
        return tuple(self.told.values())


@dataclass(slots=True)
class _Look:
    """What is found so far."""

    rows: Rows
    decimal: str
    columns: dict[str, str] = field(default_factory=dict)
    place: str | None = None
    constants: dict[str, Constant] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    """Why, by field of a sale or key of the mapping, the last decided last."""

    def tell(self, about: str, why: str) -> None:
        """Say how it is with a field, instead of what was said of it before."""
        self.told.pop(about, None)
        self.told[about] = why

    def free(self) -> list[str]:
        return [name for name in self.rows.columns if name != self.place and name not in self.columns.values()]

    def stores(self) -> list[str | None]:
        """The store of each row; None for all where no column has it."""
        if "store" not in self.columns:
            return [None] * len(self.rows)
        return joined([self.rows.columns[name] for name in (self.place, self.columns["store"]) if name is not None])

    def sample(self, column: str) -> Column:
        return self.rows.columns[column][:_SAMPLE]


def guess(rows: Rows, zone: str = "UTC") -> Guess:
    """A mapping for a source that begins with these rows.

    zone: of times without an offset. Raises UsageError when there is no column for the time or the item.
    """
    if not len(rows):
        raise UsageError("The source has no row that can be read: there is nothing to guess the columns from.")
    look = _Look(rows, _decimal(rows))
    time = _time(look, zone)
    taken = set(time.columns)
    for name in _NAMES:
        found = _named(look, name, taken)
        if found:
            look.columns[name] = found
            look.tell(name, f"{name} is the column {found!r}, by its name")
    _same_name_elsewhere(look, taken)
    opens = next((column for column in look.free() if _plain(column) in _OPENS and _is_flag(look, column)), None)
    _by_values(look, time)
    if look.decimal == ",":
        look.tell("decimal", "numbers have a decimal comma, as most of them are written")
    if opens is not None:
        look.tell("open", f"{opens!r} says whether the store opens on the day")
    mapping = Mapping(
        time=time,
        columns={name: column for name, column in look.columns.items() if name != "store" or look.place is None},
        joined={"store": (look.place, look.columns["store"])} if look.place is not None else {},
        constants=look.constants,
        open=opens,
        event_id=_identity(look),
        decimal="," if look.decimal == "," else ".",
        skip=_zeros(look),
    )
    mapping.check()
    return Guess(mapping, {about: f"{why}." for about, why in look.told.items()})


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _named(look: _Look, name: str, taken: set[str]) -> str | None:
    for wanted in _NAMES[name]:
        for column in look.free():
            if column not in taken and _plain(column) == wanted and _fits(look, name, column):
                return column
    return None


def _fits(look: _Look, name: str, column: str) -> bool:
    """Whether the values can be what the name says."""
    if name not in NUMBERS:
        return any(text is not None for text in texts(look.sample(column)))
    values, bad = numbers(look.sample(column), look.decimal)
    if _holds_truths(look, column) or bad.mean() > 1 - _ENOUGH or np.isnan(values).all():
        return False
    # A column "sales" of broken numbers is money, not pieces.
    return name != "quantity" or _plain(column) != "sales" or _whole(values, np.inf)


def _same_name_elsewhere(look: _Look, taken: set[str]) -> None:
    """Stores of one name in several countries, as of a chain, are as many stores: their place is part of the name."""
    if _plain(look.columns.get("store", "country")) in _PLACES:
        return
    names = look.stores()  # of all rows there are: a file may have one store after the other
    for column in look.free():
        if column not in taken and _plain(column) in _PLACES:
            pairs = {pair for pair in zip(texts(look.rows.columns[column]), names, strict=True) if None not in pair}
            if len(pairs) > len({store for _, store in pairs}):
                look.place = column
                store = look.columns["store"]
                look.tell("store", f"store is {column!r} and {store!r} together, because one name stands in more than one {column}")
                return


def _day_totals(look: _Look, time: Time) -> None:
    """A file of one row a store and day tells of no items: everything is one, and what was sold is its quantity, if only in money."""
    look.constants["item"] = "all"
    each = "a store and day" if "store" in look.columns else "a day"
    look.tell("item", f"item is 'all' for every row, because the file has no column of items and at most one row {each}")
    known = look.columns.get("quantity")
    if known is not None and (_plain(known) != "sales" or {"amount", "unit_price"} & look.columns.keys()):
        return
    found = known or look.columns.get("amount") or _total(look, set(time.columns))
    if found is None:
        return
    for name in ("amount", "unit_price"):
        look.columns.pop(name, None)
        look.told.pop(name, None)
    look.columns["quantity"], look.constants["unit_price"] = found, 0.0
    look.tell("quantity", f"quantity is the column {found!r}: it is forecast as units, because no column has the number of pieces")
    look.tell("unit_price", "the price is 0, so that money is not counted twice: revenue will be 0")


def _total(look: _Look, taken: set[str]) -> str | None:
    """The column of what a day sold, if its name has a word for it, or if it is the only number there is."""
    numeric = [c for c in look.free() if c not in taken and _is_number(look, c) and not _tells_nothing_sold(look, c)]
    return next((c for c in numeric if _TOTAL.search(_plain(c))), numeric[0] if len(numeric) == 1 else None)


def _tells_nothing_sold(look: _Look, column: str) -> bool:
    """Whether a column is a flag, as `open`, a part of the date, or an id: no number of what was sold."""
    return _plain(column) in _CALENDAR or _is_flag(look, column) or _counts_rows(look, column)


def _counts_rows(look: _Look, column: str) -> bool:
    """Whether a column of numbers is an id: by its name, or because it goes up by one from row to row."""
    steps = np.diff(numbers(look.sample(column), look.decimal)[0])
    name = _plain(column)
    named = name.endswith("id") and not name.endswith("paid")
    return named or (len(steps) > 1 and bool((steps == 1).all()))


def _is_daily(look: _Look, time: Time) -> bool:
    """Whether rows are totals: no store has two on a day, which would make a column of items necessary, and none is a receipt."""
    if {"order_id", "customer", "cashier"} & look.columns.keys():
        return False
    moments = seconds([look.rows.columns[name] for name in time.columns], time.format, time.zone)
    known = np.flatnonzero((moments >= EARLIEST) & (moments < LATEST)).tolist()
    days = pd.to_datetime(moments[known], unit="s", utc=True).tz_convert(time.zone).date
    stores = look.stores()
    return 1 < len(known) == len(set(zip((stores[place] for place in known), days, strict=True)))


def _by_values(look: _Look, time: Time) -> None:
    """What no name told: the item and the money by their values; the rest by a constant that is said."""
    taken = set(time.columns)
    if "item" not in look.columns and _is_daily(look, time):
        _day_totals(look, time)
    elif "item" not in look.columns:
        item = next((column for column in look.free() if column not in taken and _repeats(look, column)), None)
        if item is None:
            raise UsageError(_HELP.format(what="the item", names=", ".join(look.rows.columns)))
        look.columns["item"] = item
        look.tell("item", f"item is the column {item!r}, because its values are names that come again")
    if "quantity" not in look.columns:
        numeric = (c for c in look.free() if c not in taken and _is_number(look, c) and not _tells_nothing_sold(look, c))
        found = next((c for c in numeric if _whole(numbers(look.sample(c), look.decimal)[0])), None)
        if found is None:
            look.constants["quantity"] = 1.0
            look.tell("quantity", "no column has the quantity: each row counts as 1 unit")
        else:
            look.columns["quantity"] = found
            look.tell("quantity", f"quantity is the column {found!r}, because its values are small whole numbers")
    if not {"amount", "unit_price", "profit"} & {*look.columns, *look.constants}:
        money = next(
            (c for c in look.free() if c not in taken and _is_number(look, c) and not _whole(numbers(look.sample(c), look.decimal)[0])),
            None,
        )
        if money is None:
            look.constants["unit_price"] = 0.0
            look.tell("unit_price", "no column has a price or an amount: revenue will be 0")
        else:
            look.columns["amount"] = money
            look.tell("amount", f"amount is the column {money!r}, because its values are numbers with decimals")
    if "store" not in look.columns:
        look.constants["store"] = "shop"
        look.tell("store", "no column has the store: all rows are of the store 'shop'")


def _time(look: _Look, zone: str) -> Time:
    by_name = sorted((c for c in look.rows.columns if _plain(c) in _TIMES), key=lambda c: _TIMES.index(_plain(c)))
    others = [column for column in look.rows.columns if column not in by_name]
    clock = next((c for c in look.rows.columns if _plain(c) in _CLOCKS), None)
    for date in by_name:
        if clock and clock != date and (layout := _layout([look.sample(date), look.sample(clock)], zone)):
            look.tell("time", f"The time is the columns {date!r} and {clock!r} as {layout}, in the time zone {zone}")
            return Time((date, clock), layout, zone)
    for column in (*by_name, *others):
        if layout := _layout([look.sample(column)], zone):
            look.tell("time", f"The time is the column {column!r} as {layout}, in the time zone {zone} where it has no offset")
            return Time((column,), layout, zone)
    raise UsageError(_HELP.format(what="the time of a sale", names=", ".join(look.rows.columns)))


def _layout(columns: Sequence[Column], zone: str) -> str | None:
    """The first format under which nearly all values are times; of two that fit, the one that keeps the rows in order."""
    if len(columns) == 1 and isinstance(columns[0], np.ndarray) and columns[0].dtype.kind in "iuf":
        return next((layout for layout in ("epoch_seconds", "epoch_milliseconds") if _good(seconds(columns, layout, zone))), None)
    if any(text is not None and text.isdigit() and len(text) == 4 for text in texts(columns[0])[:20]):
        return None
    layouts = ["iso", *(date + hour for hour in _HOURS for date in _DATES), "epoch_seconds", "epoch_milliseconds"]
    fitting = [(layout, found) for layout in layouts if _good(found := seconds(columns, layout, zone))]
    return max(fitting, key=lambda fit: _order(fit[1]))[0] if fitting else None


def _good(found: Floats) -> bool:
    return bool(((found >= EARLIEST) & (found < LATEST)).mean() >= _ENOUGH)


def _order(found: Floats) -> float:
    known = found[~np.isnan(found)]
    return float((np.diff(known) >= 0).mean() + len(known) / len(found)) if len(known) > 1 else 0.0


def _decimal(rows: Rows) -> str:
    """The decimal sign: a comma when more numbers of the text have one than have a point.

    A sign before three digits alone may part thousands, as in 1,234: it says nothing, unless a 0 stands before it.
    """
    comma = point = 0
    for column in rows.columns.values():
        for text in texts(column[:200]):
            if text is not None:
                number = plain_number(text)
                comma += _COMMA.fullmatch(number) is not None
                point += _POINT.fullmatch(number) is not None
    return "," if comma > point else "."


def _is_number(look: _Look, column: str) -> bool:
    values, bad = numbers(look.sample(column), look.decimal)
    return not bad.any() and not np.isnan(values).all()


def _whole(values: Floats, limit: float = 10_000) -> bool:
    """Whether they are whole numbers, half of them below the limit: larger ones are rather numbers of articles or receipts."""
    known = values[~np.isnan(values)]
    return bool((known == np.rint(known)).all() and np.median(np.abs(known)) < limit)


def _is_flag(look: _Look, column: str) -> bool:
    """Whether its values say yes or no and nothing else."""
    values, bad = truths(look.sample(column))
    return not bad.any() and any(value is not None for value in values)


def _holds_truths(look: _Look, column: str) -> bool:
    """Whether its values are true and false themselves, as Parquet and JSON have them: Python takes them for 1 and 0."""
    return any(isinstance(value, (bool, np.bool_)) for value in look.sample(column))


def _repeats(look: _Look, column: str) -> bool:
    found = texts(look.sample(column))
    distinct = len(set(found) - {None})
    if _is_number(look, column) or _is_flag(look, column) or _layout([look.sample(column)], "UTC") is not None:
        return False
    return 1 < distinct <= max(2, len(found) // 2)


def _identity(look: _Look) -> Identity:
    for column in look.free():
        if _plain(column) in ("eventid", "lineid", "saleid"):
            known = texts(look.sample(column))
            if len(set(known)) == len(known) and None not in known:
                look.tell("event_id", f"event_id is the column {column!r}, whose values differ")
                return Identity(kind="columns", columns=(column,))
    look.tell("event_id", "event_id is made of a row's whole content, so the same row of another export counts once")
    return Identity()


def _zeros(look: _Look) -> tuple[Skip, ...]:
    column = look.columns.get("quantity")
    if column is None:
        return ()
    look.tell("skip", f"rows whose {column!r} is 0, if any, are left out: nothing was sold")
    return (Skip(column=column, reason="quantity is 0", equals=("0", "0.0", "0.00")),)


_HELP: Final = (
    "No column looks like {what}. The columns are: {names}. Write a mapping and pass it with --mapping; at least:\n"
    '[columns]\nstore = "COLUMN"\nitem = "COLUMN"\nquantity = "COLUMN"\namount = "COLUMN"\n'
    '[time]\ncolumns = ["COLUMN"]\nformat = "%d.%m.%Y %H:%M"\nzone = "UTC"'
)
