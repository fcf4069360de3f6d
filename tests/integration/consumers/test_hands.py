"""Partitions change hands while sales come: a second consumer joins, the first one leaves; the totals are exact."""

import signal
import time

import pytest
from pymongo import MongoClient

from streams.contract.topics import ACCEPTED
from tests.support.shop import sales_of


@pytest.mark.parametrize("mongo", ["first server"], indirect=True)  # thousands of sales: FerretDB is too slow for the waits
def test_a_second_consumer_takes_over(consume, publish, mongo, helpers):
    sales = sales_of(4500, seed=21)
    first = consume(group="shared")
    publish(ACCEPTED, sales[:1500])
    with MongoClient(mongo.uri.reveal()) as client:
        db = client[mongo.database]

        def applied():
            return sum(document["seq"] or 0 for document in db["progress"].find({"reader": "statistics"}))

        assert helpers.eventually(lambda: applied() == 1500)
        second = consume(group="shared")
        for start in range(1500, 3000, 100):
            publish(ACCEPTED, sales[start : start + 100])
            time.sleep(0.2)
        first.send_signal(signal.SIGTERM)
        assert first.wait(15) == 0
        publish(ACCEPTED, sales[3000:])
        assert helpers.eventually(lambda: applied() == 4500)
        second.terminate()
        assert second.wait(15) == 0
        expected = helpers.truth(sales)
        for collection in ("store_months", "item_months"):
            found = helpers.totals(db[collection].find({}))
            assert {name: found[name] for name in expected} == expected
