"""kill -9 of worker and consumers amid deliveries, counts, waste and sales: ledger, lost sales and statistics are exact afterwards."""

import json
import time
from collections import defaultdict

from pymongo import MongoClient

from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.sink import Record
from streams.contract.documents import LOST_SALES, RUN_OUTS, SILENCES, STOCK
from streams.kafka.ends import LogEnds
from tests.servers.books import settled
from tests.servers.reading import caught_up, check_outputs, committed_state, undisturbed
from tests.servers.traffic import publish, truth_of
from tests.support import stocked
from tests.support.fakes import MemoryDocuments, metrics

STORES = ("Main Street", "Leeds", "York", "Hull")
TOLD = (STOCK, LOST_SALES, SILENCES, RUN_OUTS)


def traffic():
    """Four stores' 20 days: every fifth event of stock comes again, deliveries and waste each day, and a ledger that is wrong once."""
    made = []
    for store in STORES:
        for number, event in enumerate(stocked.events(out=("milk", "cheese"), last_count=42)):
            at = next(event[field] for field in ("sold_at", "counted_at", "at") if field in event)
            made.append((at, {**event, "store": store}))
            if event["type"] == "stock-counted.v1" and event["units"] > 0:
                named = {"store": store, "item": event["item"]}
                came = {"type": "stock-received.v1", "event_id": f"r{number}", "units": 12.5, "received_at": at + 60}
                gone = {
                    "type": "stock-written-off.v1",
                    "event_id": f"w{number}",
                    "units": 1.25,
                    "written_off_at": at + 90,
                    "reason": "waste",
                }
                made += [(at + 60, came | named), (at + 90, gone | named)]
    made.sort(key=lambda pair: pair[0])
    last = made[-1][0] - 3600
    made.append((last, {
        "type": "sale-recorded.v1", "event_id": "more than there was", "store": "York", "item": "bread", "quantity": 500,
        "unit_price": 2.5, "unit_cost": 1.25, "sold_at": last,
    }))  # fmt: skip
    for place in range(len(made) - 1, 0, -5):
        if made[place][1]["type"].startswith("stock-"):
            made.insert(place + 1, made[place])
    return [(round(at * 1000), event["store"].encode(), encode_event(event)) for at, event in made]


def encode_event(event):
    return json.dumps(event).encode()


def ledger_of(messages):
    """Units, what came in and what was thrown away by store and item, counted from the messages themselves."""
    lines, seen = defaultdict(lambda: {"units": 0.0, "received": 0.0, "waste": 0.0, "counts": 0}), set()
    for _, _, raw in messages:
        event = json.loads(raw)
        if event["type"] == "clock-ticked.v1" or (event["store"], event["event_id"]) in seen:
            continue
        seen.add((event["store"], event["event_id"]))
        line = lines[event["store"], event["item"]]
        match event["type"]:
            case "stock-counted.v1":
                line |= {"units": event["units"], "counts": line["counts"] + 1}
            case "stock-received.v1":
                line |= {"units": line["units"] + event["units"], "received": line["received"] + event["units"]}
            case "stock-written-off.v1":
                line |= {"units": line["units"] - event["units"], "waste": line["waste"] + event["units"]}
            case _:
                line["units"] = max(line["units"] - event["quantity"], 0.0)
    return dict(lines)


def told_undisturbed(kafka, workers):
    """What the messages of an undisturbed run leave in the database, and the outputs that stand repeatedly in the topics."""
    documents, repeats = MemoryDocuments(), 0
    for partition in range(4):
        processor, outputs = undisturbed(kafka.settings, partition, workers.settings)
        repeats += check_outputs(kafka.settings, partition, outputs)
        assert committed_state(kafka.settings, workers.group, partition) == processor.dump()
        sink = ForecastsSink(documents, metrics())
        sink.start(partition, LogEnds(0, len(outputs.forecasts)))
        sink.write([Record(partition, offset, 0.0, raw) for offset, (_, raw) in enumerate(outputs.forecasts)])
    return {name: _plain(documents.collections.get(name, {}).values()) for name in TOLD}, repeats


def _plain(documents):
    """By id, as JSON, without the number of writes: it counts how often a line was out of date."""
    return {one["_id"]: json.loads(json.dumps({name: value for name, value in one.items() if name != "v"})) for one in documents}


def in_database(mongo):
    with MongoClient(mongo.uri.reveal()) as client:
        return {name: _plain(client[mongo.database][name].find({})) for name in TOLD}


def test_killed_amid_stock_the_ledger_and_lost_sales_are_exact(kafka, mongo, workers, consumers):
    workers.environment["SHELFCAST_RUNS_OUT_PROBABILITY"] = "0.02"  # what is left of the last day lasts, but barely
    messages = traffic()
    half = len(messages) // 2
    publish(kafka.settings, messages[:half])
    killed, counting = workers.start("after-outputs", 1), consumers.start(3)
    assert killed.wait(120) == -9, workers.said()[-3000:]
    assert counting.wait(120) == -9, consumers.said()[-3000:]
    publish(kafka.settings, messages[half:])
    last, counts = workers.start(), consumers.start()
    caught_up(kafka.settings, workers.group, 60, last)
    workers.stop(last)
    settled(mongo.settings, truth_of(m for m in messages if b"sale-recorded" in m[2]), 60, counts)
    wanted, repeats = told_undisturbed(kafka, workers)
    assert repeats > 0, "the kill made the worker write nothing again: it tested nothing"
    until = time.monotonic() + 60
    while (found := in_database(mongo.settings)) != wanted and time.monotonic() < until:
        time.sleep(0.3)
    for name in TOLD:
        assert found[name] == wanted[name], name
    assert len(wanted[LOST_SALES]) == 3 * len(STORES)
    assert wanted[RUN_OUTS]
    lines = ledger_of(messages)
    assert len(found[STOCK]) == len(lines) == len(STORES) * len(stocked.ITEMS)
    for document in found[STOCK].values():
        ledger, line = document["ledger"], lines[document["store"], document["item"]]
        assert (ledger["units"], ledger["received"], ledger["counts"]) == (line["units"], line["received"], line["counts"])
        assert ledger["written_off"] == [{"reason": "waste", "units": line["waste"]}]
        assert ledger["wrong"] == ((document["store"], document["item"]) == ("York", "bread"))
