"""What was said of shelves while the day runs, with the money at stake: shelves that sell nothing, shelves that will be empty."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from charts.queries.assortment import Key, SoldItem
from charts.queries.stock_rows import ShelfAlarmRow
from charts.web.pages.speech import Speech


@dataclass(frozen=True, slots=True)
class ShelfAlarm:
    """Something said of a shelf. money: at stake, an hour's revenue or that of the units to bring; None: not known."""

    row: ShelfAlarmRow
    money: float | None
    currency: str | None


def alarms_with_money(rows: Iterable[ShelfAlarmRow], sold: Mapping[Key, SoldItem], days: Mapping[str, str]) -> list[ShelfAlarm]:
    """The newest word of each kind on each item, of the day that runs in its store, most money first.

    sold: what was sold of each item lately, for its price and currency. days: the running business date of each store.
    """
    newest: dict[tuple[str, str, str], ShelfAlarmRow] = {}
    for row in rows:
        if row.day == days.get(row.store):
            newest.setdefault((row.kind, row.store, row.item), row)
    found = []
    for row in newest.values():
        one = sold.get((row.store, row.item))
        price, currency = (None, None) if one is None else (one.price, one.currency)
        money = row.revenue_per_hour if row.kind == "silent" else price * row.bring if price is not None and row.bring else None
        found.append(ShelfAlarm(row, money, currency))
    return sorted(found, key=lambda one: (one.money is None, -(one.money or 0.0), one.row.store, one.row.item))


def alarm_words(row: ShelfAlarmRow, say: Speech) -> str:
    """What was said, in a sentence."""
    if row.kind == "silent":
        return say.gettext("Nothing sold since %(clock)s, longer than chance explains.", clock=say.clock(row.at or row.made_at))
    likely = say.percent(row.probability)
    if row.at is None:
        words = say.gettext("Gone before closing with probability %(likely)s.", likely=likely)
    else:
        words = say.gettext("Gone about %(clock)s; before closing with probability %(likely)s.", clock=say.clock(row.at), likely=likely)
    if not row.bring:
        return words
    return f"{words} " + say.gettext("Bring %(units)s from the back room.", units=say.units(row.bring))
