"""What MongoDB says was sold, to be held against the truth."""

import json
import time

from pymongo import MongoClient

from streams.contract.documents import DAY_COLUMNS, STORE_MONTHS, exact

COLUMNS = ("units_thousandths", "revenue_micros", "profit_micros", "sales", "returns")
"""The columns of `tests.servers.traffic.Truth.days`."""


def days_in(mongo) -> dict[tuple[str, str], list[int]]:
    """Rows by store and date."""
    found = {}
    with MongoClient(mongo.uri.reveal()) as client:
        for document in client[mongo.database][STORE_MONTHS].find({}):
            _, store, month = json.loads(document["_id"])
            for day, row in document["days"].items():
                values = dict(zip(DAY_COLUMNS, row, strict=True))
                found[store, f"{month}-{day}"] = [exact(values[column]) for column in COLUMNS]
    return found


def settled(mongo, truth, seconds: float, child=None) -> float:
    """Wait until the books say the truth; the seconds it took. Fails with the differences."""
    started = time.monotonic()
    while True:
        try:
            found, trouble = days_in(mongo), None
        except Exception as error:
            found, trouble = {}, error
        if found == truth.days:
            return time.monotonic() - started
        assert child is None or child.poll() is None, f"the consumer ended with {child.returncode}"
        if time.monotonic() - started > seconds:
            keys = found.keys() | truth.days.keys()
            different = {key: (found.get(key), truth.days.get(key)) for key in sorted(keys) if found.get(key) != truth.days.get(key)}
            raise AssertionError(f"{trouble or ''} {len(different)} days differ after {seconds:.0f} s: {dict(list(different.items())[:3])}")
        time.sleep(0.5)
