"""Partitions change hands while sales come: a second consumer joins, the first one leaves; the totals are exact."""

import signal
import time

from pymongo import MongoClient

from streams.contract.topics import ACCEPTED
from tests.support.shop import sales_of


def test_a_second_consumer_takes_over(consume, publish, mongo, helpers, reads_all):
    third = 500 if reads_all else 1500
    sales = sales_of(3 * third, seed=21)
    first = consume(group="shared")
    publish(ACCEPTED, sales[:third])
    with MongoClient(mongo.uri.reveal()) as client:
        db = client[mongo.database]

        def applied():
            return sum(document["seq"] or 0 for document in db["progress"].find({"reader": "statistics"}))

        assert helpers.eventually(lambda: applied() == third, 60)
        second = consume(group="shared")
        step = third // 15
        for start in range(third, 2 * third, step):
            publish(ACCEPTED, sales[start : start + step])
            time.sleep(0.2)
        first.send_signal(signal.SIGTERM)
        assert first.wait(15) == 0
        publish(ACCEPTED, sales[start + step :])
        assert helpers.eventually(lambda: applied() == len(sales), 60)
        second.terminate()
        assert second.wait(15) == 0
        expected = helpers.truth(sales)
        for collection in ("store_months", "item_months"):
            found = helpers.totals(db[collection].find({}))
            assert {name: found[name] for name in expected} == expected
