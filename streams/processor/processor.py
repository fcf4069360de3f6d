"""The processor of a partition makes every decision about its events, as a pure function of the log so far.

The worker feeds it from Kafka, the backtest from a file, a test from a list. It knows no clock, no randomness and no server: the same log
gives the same messages and the same state, byte for byte, however the log is cut into runs.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, Self

from msgspec.structs import replace

from online_model import Forecaster
from streams.contract.codec import decode_event, encode, moment_of, planned_days, seconds_of
from streams.contract.errors import EventFault, RejectedEvent, ShelfcastError, SnapshotError
from streams.contract.messages import (
    MAX_TICK_AHEAD_SECONDS,
    ClockTicked,
    InputEvent,
    OpeningPlanned,
    PromotionPlanned,
    SaleAccepted,
    SaleRecorded,
    ShelfDefined,
    StockCounted,
)
from streams.contract.money import line_micros, micros
from streams.contract.stock_messages import StockReceived, StockWrittenOff
from streams.contract.topics import partition_of
from streams.processor.closing import FOLLOW_LINES, DayCloser, Observer, Watcher, worth_following
from streams.processor.dedupe import DedupeWindow
from streams.processor.fingerprint import UNKNOWN, fingerprint
from streams.processor.ledger import Ledger
from streams.processor.local_time import DAY_SECONDS, EPOCH_ORDINAL, Dates, LocalTime
from streams.processor.outputs import Outputs, Rejection
from streams.processor.quarantine import REASON, Quarantine, place_of
from streams.processor.rules import Rules, place
from streams.processor.shelving import check_definition
from streams.processor.silence import BELIEVED_AFTER_DAYS, is_doubted, leapt_over
from streams.processor.state import from_bytes, to_bytes
from streams.processor.stockkeeping import StockEvent, book, stock_fingerprint
from streams.processor.store import OpenDay, Store
from streams.processor.tally import Tally

MAX_AHEAD_SECONDS: Final = 2 * DAY_SECONDS
"""A sale dated further than this after its Kafka record comes from a till with a wrong clock. Two days, because clocks and time zones of
brokers and tills can differ by one."""

FOLLOW_SECONDS: Final = 900.0
"""The model follows a running day in stretches that end with a quarter of an hour."""

_NOT_WHOLE: Final = "The state is in the middle of an event: it can neither be saved nor continued."


class Record(Protocol):
    """A message of the log, as any client has it."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        ...

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970, as the producer or the broker wrote them."""
        ...

    @property
    def key(self) -> bytes | None:
        """The name of the store, if the producer sets the key as it should."""
        ...

    @property
    def value(self) -> bytes | None:
        """The event as it was sent."""
        ...


class Processor:
    """State and decisions of one partition of `sales.events`.

    partition, partitions: which partition of how many; events of a store that belongs to another partition are rejected.
    quarantine: events that are put aside instead of applied. whole: False while, or after, an event has changed only part of the state.
    """

    def __init__(self, rules: Rules, partition: int, partitions: int) -> None:
        self.rules = rules
        self.partition = partition
        self.partitions = partitions
        self.next_offset = 0
        self.seq = 0
        self.tally = Tally()
        self.model = Forecaster()
        self.quarantine = Quarantine()
        self.whole = True
        self._time = LocalTime(rules.timezone)
        self._follow_lines = FOLLOW_LINES if rules.nowcast_seconds < float("inf") else float("inf")
        self._window = DedupeWindow(rules.dedupe_window)
        self._stores: dict[str, Store] = {}
        self._countries: dict[str, str] = {}  # of stores that began with another than the rules' one
        self._dates = Dates()
        self._closer = DayCloser(self.model, partition, self._dates, self.tally, rules)
        self._out = Outputs()

    # ------------------------------------------------------------------ the log in, messages out

    def apply(self, records: Iterable[Record]) -> Outputs:
        """Apply the next run of the log; records below `next_offset` were applied before and are skipped.

        No input raises: an event that cannot be accepted becomes a rejection with its reason. Only an error of the program raises, as
        EventFault. The processor is then half changed and useless; a new one continues, built from the same log with that event in its
        `quarantine`.
        """
        if not self.whole:
            raise ShelfcastError(_NOT_WHOLE)
        self.whole = False
        out = self._out = Outputs()
        ahead = self.quarantine.ahead
        for record in records:
            offset = record.offset
            if offset < self.next_offset:
                continue
            self.next_offset = offset + 1
            raw = record.value or b""
            try:
                if ahead and offset in ahead:
                    self._turn_away(offset)
                event = decode_event(raw)
                if type(event) is SaleRecorded:
                    self._sale(event, offset, record.timestamp)
                else:
                    self._other(event, offset, record.timestamp)
            except RejectedEvent as error:
                out.rejected.append(Rejection(raw, record.key, error.reason, str(error), offset))
                self.tally.count("rejected_" + error.reason)
            except MemoryError:
                raise  # perhaps the machine's fault: it says nothing about the event
            except Exception as error:
                raise EventFault(self.partition, offset, place_of(error)) from error
        self.whole = True
        return out

    def _turn_away(self, offset: int) -> None:
        raise RejectedEvent(REASON, self.quarantine.take(offset))

    def _sale(self, sale: SaleRecorded, offset: int, written_ms: int) -> None:
        seconds = self._event_time(sale.sold_at, "sold_at", written_ms)
        store = self._stores.get(sale.store) or self._new_store(sale.store)
        row = store.items.get(sale.item)
        if row is None:
            row = self._next_row(store)
        if self._seen(sale.event_id, fingerprint(sale, store.index, row, seconds)):
            return
        if row == len(store.names):
            self._new_item(store, sale.item)
        if seconds > store.newest:
            self._advance(store, seconds, offset)
        local = seconds + self._time.offset(seconds)
        day, second = divmod(int(local // 1), DAY_SECONDS)
        hour = second // 3600
        profit_micros = self._accept(sale, store, seconds, day, hour, offset)
        self._learn(sale, store, row, day, hour, profit_micros)
        if store.ledger is not None or sale.stock_left is not None:
            self._take_stock(sale, store, row, seconds, local, offset)

    def _seen(self, event_id: str, content: int) -> bool:
        """Whether an event was accepted before. Raises RejectedEvent if its id came before with other content."""
        known = self._window.seen(event_id, content)
        if known is None:
            return False
        if known not in (content, UNKNOWN):
            raise RejectedEvent("conflict", "event_id was seen before with another content: give each event an id of its own.", "event_id")
        self.tally.count("duplicates")
        return True

    def _accept(self, sale: SaleRecorded, store: Store, seconds: float, day: int, hour: int, offset: int) -> int | None:
        """Publish the sale with its exact money; returns its profit in micro-units, if known."""
        quantity = sale.quantity
        if sale.amount is not None:
            revenue = micros(sale.amount)
        else:
            revenue = line_micros(quantity, sale.unit_price) if sale.unit_price is not None else 0
        if sale.profit is not None:
            profit: int | None = micros(sale.profit)
        else:
            profit = revenue - line_micros(quantity, sale.unit_cost) if sale.unit_cost is not None else None
        self.seq += 1
        first_open = store.first_open
        late = first_open is not None and day < first_open
        accepted = SaleAccepted(
            event_id=sale.event_id,
            store=sale.store,
            item=sale.item,
            quantity=quantity,
            sold_at=seconds,
            business_date=self._dates.iso(day),
            hour=hour,
            revenue_micros=revenue,
            profit_micros=profit,
            partition=self.partition,
            offset=offset,
            seq=self.seq,
            late_seconds=store.newest - seconds if late else 0.0,
            order_id=sale.order_id,
            category=sale.category,
            channel=sale.channel,
            on_promotion=sale.on_promotion,
            currency=sale.currency,
        )
        if sale.customer is not None or sale.cashier is not None or sale.list_price is not None:
            # Most lines have none of the three, and are spared the fields.
            accepted = replace(accepted, customer=sale.customer, cashier=sale.cashier, list_price=sale.list_price)
        self._out.accepted.append((store.key, encode(accepted)))
        return profit

    def _learn(self, sale: SaleRecorded, store: Store, row: int, day: int, hour: int, profit_micros: int | None) -> None:
        """Teach the sale to the per-sale model, and count it in its open day."""
        quantity = sale.quantity
        on_promotion = sale.on_promotion is True
        if quantity > 0:
            price = sale.unit_price
            if price is None:
                price = abs(sale.amount / quantity) if sale.amount is not None else 0.0
            self.model.sales.step(store.series[row], quantity, price, on_promotion, hour, (day + 3) % 7)
        category = sale.category
        if category is not None and (row >= len(store.groups) or store.categories.get(category) != store.groups[row]):
            store.categorise(row, category)
        first_open = store.first_open
        if first_open is None:
            self._open(store, day)
        elif day < first_open:
            self.tally.count("late")
            return
        open_day = store.days.get(day) or self._new_day(store, day)
        if store.days_sold < BELIEVED_AFTER_DAYS:
            store.doubted_sales += 1
        key = row * 24 + hour
        open_day.by_hour[key] = open_day.by_hour.get(key, 0.0) + quantity
        lines = open_day.count(row, quantity, sale.order_id)
        if lines >= self._follow_lines and lines >= worth_following(store):
            store.follow_at = (store.newest // FOLLOW_SECONDS + 1) * FOLLOW_SECONDS
        if profit_micros is not None:
            open_day.profit[row] = open_day.profit.get(row, 0) + profit_micros
        if on_promotion:
            open_day.promoted[row] = None

    @staticmethod
    def _new_day(store: Store, day: int) -> OpenDay:
        store.days_sold += 1
        open_day = store.days[day] = OpenDay()
        return open_day

    def _take_stock(self, sale: SaleRecorded, store: Store, row: int, seconds: float, local: float, offset: int) -> None:
        ledger = self._ledger(store)
        cause = ledger.sold(row, sale.quantity, seconds, local, sale.stock_left)
        ledger.named(row, sale.category, sale.currency)
        if cause is not None:
            self._closer.state_stock(store, row, cause, int(local // DAY_SECONDS), seconds, offset, self._out)

    @staticmethod
    def _ledger(store: Store) -> Ledger:
        if store.ledger is None:
            store.ledger = Ledger()
        return store.ledger

    # ------------------------------------------------------------------ other events

    def _other(self, event: InputEvent, offset: int, written_ms: int) -> None:
        if isinstance(event, ClockTicked):
            seconds = seconds_of(event.at, "at")
            if seconds * 1000 > written_ms + MAX_TICK_AHEAD_SECONDS * 1000 and written_ms > 0:
                raise RejectedEvent("time_out_of_range", "at lies more than five minutes ahead: a tick says what time it is.", "at")
            store = self._stores.get(event.store)
            if store is not None and seconds > store.newest:
                self._advance(store, seconds, offset)
            elif store is None:
                self._check_partition(event.store)
            self.tally.count("ticks")
            return
        if isinstance(event, PromotionPlanned | OpeningPlanned):
            self._event_time(event.planned_at, "planned_at", written_ms)
            self._plan(event)
        elif isinstance(event, StockCounted | StockReceived | StockWrittenOff):
            if not self._stock(event, offset, written_ms):
                return
        elif isinstance(event, ShelfDefined):
            self._event_time(event.defined_at, "defined_at", written_ms)
            check_definition(event)
            store = self._store(event.store)
            store.check_shelf(event.shelf, len(event.items))
            for item in event.items:
                self._row(store, item.item)
            store.shelves[event.shelf] = encode(event)
        self.tally.count("plans")

    def _stock(self, event: StockEvent, offset: int, written_ms: int) -> bool:
        """Book a movement of stock; False if it is a repeat. It does not move the store's clock."""
        seconds = self._event_time(*moment_of(event), written_ms)
        store = self._store(event.store)
        if event.item not in store.items:
            self._next_row(store)  # refused before its id counts as seen
        if self._seen(event.event_id, stock_fingerprint(event, seconds)):
            return False
        row = self._row(store, event.item)
        local = seconds + self._time.offset(seconds)
        booked = book(self._ledger(store), event, row, seconds, local)
        if booked.cause is not None:
            day = int(local // DAY_SECONDS)
            self._closer.state_stock(store, row, booked.cause, day, seconds, offset, self._out, booked.missing)
        return True

    def _plan(self, plan: PromotionPlanned | OpeningPlanned) -> None:
        """Note or withdraw an announcement; one that changes nothing creates neither store nor item."""
        first, last = (day.toordinal() - EPOCH_ORDINAL for day in planned_days(plan))
        self._check_partition(plan.store)
        known = self._stores.get(plan.store)
        if known is not None and known.is_over(last):
            return
        if plan.active:
            store = known or self._new_store(plan.store)
            if isinstance(plan, OpeningPlanned):
                store.plan_opening(first, last, opens=plan.open)
            else:
                store.plan_promotion((self._row(store, plan.item), first, last))
        elif known is not None and isinstance(plan, OpeningPlanned):
            known.withdraw_opening(first, last)
        elif known is not None and isinstance(plan, PromotionPlanned) and plan.item in known.items:
            known.promotions.pop((known.items[plan.item], first, last), None)

    # ------------------------------------------------------------------ stores, items, time

    def _event_time(self, moment: Any, field: str, written_ms: int) -> float:
        seconds = seconds_of(moment, field)
        if seconds * 1000 > written_ms + MAX_AHEAD_SECONDS * 1000 and written_ms > 0:
            raise RejectedEvent("time_out_of_range", f"{field} lies more than two days ahead: check the till's clock.", field)
        return seconds

    def _check_partition(self, store: str) -> None:
        right = partition_of(store, self.partitions)
        if right != self.partition:
            raise RejectedEvent(
                "wrong_partition",
                f"The store's events belong in partition {right}, but this one came in {self.partition}: "
                "use the store as key and the partitioner murmur2_random (Java's default).",
            )

    def _store(self, name: str) -> Store:
        return self._stores.get(name) or self._new_store(name)

    def _new_store(self, name: str) -> Store:
        self._check_partition(name)
        if len(self._stores) >= self.rules.max_stores:
            raise RejectedEvent("too_many_stores", f"The partition has {self.rules.max_stores} stores already.")
        code = self.rules.country_of(name)
        store = self._stores[name] = Store(name, self.model.add_store(name, *place(code)))
        if code != self.rules.country:
            self._countries[name] = code
        return store

    def kept_countries(self) -> dict[str, tuple[str, str]]:
        """Stores whose country differs from the one that the settings now give them: the country they keep, and the other one."""
        pairs = ((name, self._countries.get(name, self.rules.country), self.rules.country_of(name)) for name in self._stores)
        return {name: (kept, other) for name, kept, other in pairs if kept != other}

    def _row(self, store: Store, item: str) -> int:
        row = store.items.get(item)
        return self._new_item(store, item) if row is None else row

    def _next_row(self, store: Store) -> int:
        """The row that a new item of the store would get."""
        if len(store.names) >= self.rules.max_items:
            raise RejectedEvent("too_many_items", f"The store has {self.rules.max_items} items already.")
        return len(store.names)

    def _new_item(self, store: Store, item: str) -> int:
        row = store.items[item] = self._next_row(store)
        store.names.append(item)
        store.series.append(self.model.add_series(store.index, item))
        self._closer.add(store, row)
        return row

    def _open(self, store: Store, day: int) -> None:
        """Open the store's first day."""
        store.first_open = day
        store.close_at = self._time.end_of_day(day) + self.rules.lateness_seconds
        store.nowcast_at = store.newest + self.rules.nowcast_seconds

    def _advance(self, store: Store, seconds: float, offset: int) -> None:
        """Move the store's newest event time: close the days that the watermark has passed, and forecast today's total when due."""
        store.newest = seconds
        if seconds >= store.close_at and store.first_open is not None:
            self._close_days(store, store.first_open, seconds, offset)
        if seconds >= store.nowcast_at or seconds >= store.follow_at:
            self._follow(store, seconds, offset)

    def _follow(self, store: Store, seconds: float, offset: int) -> None:
        """Let the model follow the running day up to now; forecast its totals when that is due."""
        forecast = seconds >= store.nowcast_at
        if forecast:
            store.nowcast_at = seconds + self.rules.nowcast_seconds
        store.follow_at = float("inf")  # until enough is sold again
        at = seconds if forecast else seconds // FOLLOW_SECONDS * FOLLOW_SECONDS
        local = at + self._time.offset(at)
        day, second = divmod(int(local // 1), DAY_SECONDS)
        if store.first_open is not None and day >= store.first_open:
            if forecast:
                self._closer.nowcast(store, day, second / 3600, seconds, offset, self._out)
            else:
                self._closer.follow(store, day, second / 3600)

    def _close_days(self, store: Store, day: int, seconds: float, offset: int) -> None:
        """Close the days from `day` on that have ended by event time `seconds`; skip the middle of a long silence."""
        today = self._time.day_of(seconds - self.rules.lateness_seconds)
        if is_doubted(store.days_sold, max(store.days, default=day), today):
            self._begin_anew(store)
            return
        leaps = {days.start: days.stop for days in leapt_over(day, today, store.days)}
        while seconds >= store.close_at:
            after = leaps.get(day)
            if after is None:
                self._closer.close(store, day, store.close_at, offset, self._out)
                store.days.pop(day, None)
                store.nowcasts, store.totals = store.nowcasts[:0], store.totals[:0]
                after = day + 1
                self.tally.count("days")
            else:
                self.model.leap(store.index, after + EPOCH_ORDINAL)
                store.closed_run += after - day
                self.tally.count("days_leapt_over", after - day)
            store.first_open = day = after
            store.close_at = self._time.end_of_day(day) + self.rules.lateness_seconds

    def _begin_anew(self, store: Store) -> None:
        """Forget a history that nothing confirmed. Its sales stay published and counted in the statistics; the model starts anew."""
        self.tally.count("late", store.doubted_sales)
        store.forget_history()
        self.model.restart(store.index)

    @property
    def counts(self) -> dict[str, int]:
        """What has been counted since the beginning of the log."""
        return self.tally.counts

    def observe(self, observer: Observer) -> None:
        """Hand closed days to `observer` from now on, instead of writing messages about them."""
        self._closer.observer = observer

    def watch(self, watcher: Watcher) -> None:
        """Hand what there is to say about running days to `watcher` from now on, instead of writing messages about it."""
        self._closer.watcher = watcher

    def look(self, at: float) -> None:
        """Forecast the running day of every store as of event time `at`, for a watcher. The log must have come so far and no further."""
        local = at + self._time.offset(at)
        day, second = divmod(int(local // 1), DAY_SECONDS)
        for store in self._stores.values():
            if store.first_open is not None and day >= store.first_open:
                self._closer.nowcast(store, day, second / 3600, at, self.next_offset, self._out)

    @property
    def watermark(self) -> float:
        """The partition's newest event time less the allowed lateness, seconds; minus infinity before the first event."""
        # A copy: metrics read this while another thread applies events.
        newest = max((store.newest for store in list(self._stores.values())), default=float("-inf"))
        return newest - self.rules.lateness_seconds

    @property
    def progress(self) -> tuple[int, int]:
        """Numbers that grow with every event, and with every day that closes within one: a worker without progress has stalled."""
        return self.next_offset, self.counts.get("days", 0)

    @property
    def stores(self) -> int:
        """Number of stores."""
        return len(self._stores)

    @property
    def series(self) -> int:
        """Number of series: pairs of store and item."""
        return len(self._closer)

    # ------------------------------------------------------------------ state

    def dump(self) -> bytearray:
        """The complete state. Equal logs, with the same events put aside, give equal bytes."""
        if not self.whole:
            raise ShelfcastError(_NOT_WHOLE)
        # Only where there are any: without them the state equals that of earlier releases, which did not know them.
        own: dict[str, Any] = {"countries": self._countries} if self._countries else {}
        if self.quarantine.passed:
            own["put_aside"] = self.quarantine.dump()
        return to_bytes(
            {
                "rules": self.rules.dump(),
                "partition": self.partition,
                "partitions": self.partitions,
                "next_offset": self.next_offset,
                "seq": self.seq,
                "counts": dict(sorted(self.counts.items())),
                "window": self._window.dump(),
                "shops": [store.dump() for store in self._stores.values()],
                "model": self.model.dump(),
                **own,
            }
        )

    @classmethod
    def load(cls, data: bytes | bytearray, rules: Rules, partition: int, partitions: int) -> Self:
        """The processor whose `dump` is `data`. Raises SnapshotError when it cannot be that of this partition and rules."""
        state = from_bytes(data)
        if (state["partition"], state["partitions"]) != (partition, partitions):
            raise SnapshotError("The snapshot belongs to another partition, or to another number of partitions.")
        if state["rules"] != rules.dump():
            raise SnapshotError("The snapshot was made under other rules (settings marked *): rebuild from the log.")
        processor = cls(rules, partition, partitions)
        try:
            processor._restore(state)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            # Another release may have changed the layout and forgotten to raise the format: the log still has everything.
            raise SnapshotError(f"The snapshot's state does not have this program's layout ({error!r}).") from error
        return processor

    @classmethod
    def read(cls, data: bytes | bytearray) -> Self:
        """The processor whose `dump` is `data`, under the rules of its state: a copy to look at or to try something on.

        Raises SnapshotError.
        """
        state = from_bytes(data)
        try:
            processor = cls(Rules(**state["rules"]), state["partition"], state["partitions"])
            processor._restore(state)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise SnapshotError(f"The snapshot's state does not have this program's layout ({error!r}).") from error
        return processor

    def store_named(self, name: str) -> Store | None:
        """A store of the partition; None: it has none of this name."""
        return self._stores.get(name)

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.next_offset = state["next_offset"]
        self.seq = state["seq"]
        self.tally.counts = dict(state["counts"])
        self._window = DedupeWindow.load(state["window"])
        self._stores = {store.name: store for store in map(Store.load, state["shops"])}
        self._countries = dict(state.get("countries", {}))
        self.quarantine.restore(state.get("put_aside", ()))
        self.model = Forecaster.load(state["model"])
        self._closer = DayCloser(self.model, self.partition, self._dates, self.tally, self.rules)
        self._closer.know(self._stores.values())
