from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

from producers.simulate.simulator import ShopSettings, Simulation
from streams.contract.codec import decode_event, seconds_of
from streams.contract.errors import RejectedEvent, UsageError
from streams.contract.messages import ClockTicked, OpeningPlanned, PromotionPlanned, SaleRecorded
from streams.contract.money import line_micros

BUSY = ShopSettings(stores=2, days=15, lines_per_day=150, late=0.05, duplicates=0.05, poison=0.02, returns=0.05)


def run(settings):
    simulation = Simulation(settings)
    return simulation, list(simulation.events())


def decoded(messages):
    for message in messages:
        try:
            event = decode_event(message.raw)
            if isinstance(event, SaleRecorded):
                seconds_of(event.sold_at, "sold_at")
            yield message, event
        except RejectedEvent:
            yield message, None


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    assert run(BUSY)[1] == run(BUSY)[1]
    assert run(BUSY)[1] != run(ShopSettings(seed=2, stores=2, days=15, lines_per_day=150))[1]


def test_the_truth_is_what_the_messages_say():
    simulation, messages = run(BUSY)
    truth, sales, kinds = simulation.truth, {}, Counter()
    for message, event in decoded(messages):
        kinds[type(event)] += 1
        if isinstance(event, SaleRecorded):
            assert message.key == event.store.encode()
            assert sales.setdefault(event.event_id, event) == event
    assert len(messages) == truth.events
    assert (kinds[type(None)], kinds[PromotionPlanned], kinds[ClockTicked]) == (truth.poison, truth.promotions, truth.ticks)
    assert kinds[OpeningPlanned] == truth.closures == 2
    assert len(sales) == truth.sales
    assert kinds[SaleRecorded] - len(sales) == truth.duplicates
    assert sum(sale.quantity < 0 for sale in sales.values()) == truth.returns
    revenue = sum(line_micros(sale.quantity, sale.unit_price) for sale in sales.values())
    cost = sum(line_micros(sale.quantity, sale.unit_cost) for sale in sales.values())
    assert (truth.revenue_micros, truth.profit_micros) == (revenue, revenue - cost)
    assert sum(truth.units.values()) == sum(sale.quantity for sale in sales.values())
    assert min(truth.poison, truth.promotions, truth.duplicates, truth.returns, truth.late) > 0


def test_messages_come_in_order_of_arrival_and_late_ones_after_their_time():
    simulation, messages = run(BUSY)
    arrivals = [message.at for message in messages]
    assert arrivals == sorted(arrivals)
    first = {}
    for message, event in decoded(messages):
        if isinstance(event, SaleRecorded):
            first.setdefault(event.event_id, message.at - event.sold_at)
    assert sum(delay > 30 for delay in first.values()) == simulation.truth.late
    assert max(first.values()) > 3600


def test_days_are_of_the_shop_s_own_zone_across_a_clock_change():
    simulation, messages = run(ShopSettings(first_day=date(2026, 3, 28), days=2, zone="Europe/Berlin", stores=1))
    assert simulation.midnight(2) - simulation.midnight(1) == 23 * 3600
    for _, event in decoded(messages):
        if isinstance(event, SaleRecorded):
            assert simulation.midnight(0) <= event.sold_at < simulation.midnight(2)


def test_the_level_shifts_on_the_day_named_and_promotions_lift():
    settings = ShopSettings(stores=1, days=56, lines_per_day=600, shift_day=28, shift_factor=2.0, promotions=False)
    simulation, _ = run(settings)
    first_day = settings.first_day.isoformat()
    halves = np.zeros((2, 2))
    for (_, item, day), units in simulation.truth.units.items():
        after = (date.fromisoformat(day) - date.fromisoformat(first_day)).days >= 28
        halves[int(item in simulation.items[:5]), int(after)] += units
    assert halves[1, 1] / halves[1, 0] == pytest.approx(2.0, rel=0.1)
    assert halves[0, 1] / halves[0, 0] == pytest.approx(1.0, rel=0.1)


def test_a_store_that_takes_stock_sells_nothing_and_has_said_so_before():
    settings = ShopSettings(stores=2, days=60)
    simulation, messages = run(settings)
    told = {(event.store, event.first_day): event for _, event in decoded(messages) if isinstance(event, OpeningPlanned)}
    every = [(settings.first_day + timedelta(days=n)).isoformat() for n in range(60)]
    sold = {(store, day) for store, _, day in simulation.truth.units}
    quiet = {(store, day) for store in simulation.stores for day in every} - sold
    assert quiet == set(told) == {(store, every[day + n]) for n, store in enumerate(simulation.stores) for day in (20, 48)}
    for (_, day), event in told.items():
        assert (event.last_day, event.open) == (day, False)
        assert (simulation.midnight(every.index(day)) - event.planned_at) / 86_400 > 9


def test_weekends_and_evenings_are_busier():
    simulation, messages = run(ShopSettings(stores=1, days=28, lines_per_day=500))
    weekdays, hours = Counter(), Counter()
    for _, event in decoded(messages):
        if isinstance(event, SaleRecorded):
            day, second = divmod(event.sold_at - simulation.midnight(0), 86400)
            weekdays[int(day) % 7] += 1
            hours[int(second // 3600)] += 1
    assert weekdays[5] > 1.4 * weekdays[6]
    assert hours[17] > 2 * hours[8]
    assert set(hours) <= set(range(8, 24))


def test_impossible_shops_are_told():
    with pytest.raises(UsageError, match="0 to 1"):
        ShopSettings(poison=2)
