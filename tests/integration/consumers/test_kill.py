"""kill -9 of the consumers at any moment, repeats and zombies in the topic: the totals are exact."""

import random
import time

from pymongo import MongoClient

from streams.contract.documents import exact
from streams.contract.topics import ACCEPTED
from tests.support.shop import named, sales_of


def settled(db, sales, eventually):
    wanted = {p: max(s.seq for s in sales if s.partition == p) for p in {s.partition for s in sales}}

    def reached():
        return {d["partition"]: d["seq"] for d in db["progress"].find({"reader": "statistics"})}

    return eventually(lambda: all(reached().get(p) == seq for p, seq in wanted.items()), 120)


def test_killed_between_write_and_commit_the_totals_are_exact(consume, publish, mongo, helpers, kill_rounds, reads_all):
    rounds = min(kill_rounds, 2) if reads_all else kill_rounds
    sales = named(sales_of(2000 + 1200 * rounds, seed=7, partitions=4))  # more than the rounds can apply, less than the stand-in forgets
    zombie = [sale for sale in sales if sale.seq in range(900, 1000)]
    log = sales[:1000] + zombie + sales[700:4000] + sales[3500:]  # ahead of their turn, again, and again
    publish(ACCEPTED, log)
    rng = random.Random(11)
    for writes in [1, *(rng.randrange(2, 9) for _ in range(rounds - 1))]:
        child = consume(writes)
        assert child.wait(40) == -9
    child = consume()
    time.sleep(rng.uniform(3.0, 4.0))
    child.kill()
    last = consume()
    with MongoClient(mongo.uri.reveal()) as client:
        db = client[mongo.database]
        assert settled(db, sales, helpers.eventually)
        last.terminate()
        assert last.wait(15) == 0
        expected = helpers.truth(sales)
        for collection in ("store_months", "item_months"):
            found = helpers.totals(db[collection].find({}))
            assert {name: found[name] for name in expected} == expected
        for collection, who in (("customer_years", "customer"), ("cashier_months", "cashier")):
            expected = helpers.truth([sale for sale in sales if getattr(sale, who)])
            held = list(db[collection].find({}))
            assert {name: sum(sum(map(exact, d.get(name, ()))) for d in held) for name in expected} == expected
