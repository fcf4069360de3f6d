"""Live ads: each report once, advice that a crash at any write repeats exactly."""

import msgspec
import pytest

from consumers.ads.ledger import Ledger, RepeatedError
from consumers.ads.sink import AdsSink
from consumers.runtime.sink import Record
from streams.contract.ad_messages import AdReported
from streams.contract.codec import encode
from streams.contract.documents import AD_ACCOUNTS, PROGRESS
from streams.contract.errors import RejectedEvent, ServerError
from streams.kafka.ends import LogEnds
from tests.support.fakes import MemoryDocuments, metrics


def report(number, day, *, account="shop", campaign="search", spend=100.0, conversions=2.0, **more):
    return AdReported(
        event_id=f"r{number}", account=account, campaign=campaign, day=f"2026-01-{day:02}", spend=spend, conversions=conversions, **more
    )


def log(days=12):
    """Two accounts in two partitions, with repeats, late reports and nonsense between them."""
    reports = []
    for day in range(1, days + 1):
        for place, campaign in enumerate(("search", "social")):
            for account in ("shop", "other"):
                number = f"{day}-{campaign}-{account}"
                reports.append(report(number, day, account=account, campaign=campaign, conversions=float((day * (place + 1)) % 4)))
    raws = [encode(one) for one in reports]
    raws[10:10] = [raws[3], b"{", encode(report("late", 1)), encode(report("bad", 40))]
    return [Record(place % 2, place // 2, 0.0, raw) for place, raw in enumerate(raws)]


class Kafka:
    """Takes advice; the last of a repeated id counts, and must be the same."""

    def __init__(self):
        self.by_id = {}
        self.fail = 0

    def deliver(self, advised):
        for one in advised:
            raw = encode(one)
            assert self.by_id.setdefault(one.id, raw) == raw, "a repeat has the same bytes"
        if self.fail:
            self.fail -= 1
            raise ServerError("away")


def run(records, documents, kafka, size):
    sink = AdsSink(documents, metrics(), kafka.deliver)
    high = max(record.offset for record in records) + 1
    place = min(sink.start(partition, LogEnds(0, high)) for partition in (0, 1)) * 2
    while place < len(records):
        sink.write(records[place : place + size])
        place += size


def without_progress(documents):
    return {name: held for name, held in documents.collections.items() if name != PROGRESS}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_crash_at_any_write_changes_nothing(size):
    records = log()
    undisturbed, said = MemoryDocuments(), Kafka()
    run(records, undisturbed, said, 5)
    assert len(undisturbed.collections[AD_ACCOUNTS]) == 4
    for crash in range(0, 40, 3):
        documents, kafka = MemoryDocuments(), Kafka()
        documents.fail_after = crash
        with pytest.raises(ServerError):
            for _ in range(20):
                run(records, documents, kafka, size)
                raise ServerError("done")
        documents.fail_after, kafka.fail = None, 1
        with pytest.raises(ServerError):
            run(records, documents, kafka, size)
            raise ServerError("done")
        run(records, documents, kafka, size)
        assert without_progress(documents) == without_progress(undisturbed)
        assert kafka.by_id == said.by_id


def test_a_repeat_another_currency_and_a_day_to_come_are_refused():
    ledger = Ledger(0, "shop")
    assert ledger.apply(report(1, 5, currency="EUR"), 0, 0.0) is None
    with pytest.raises(RepeatedError):
        ledger.apply(report(1, 6), 1, 0.0)
    with pytest.raises(RejectedEvent, match="is in EUR and the report in USD"):
        ledger.apply(report(2, 6, currency="USD"), 2, 0.0)
    with pytest.raises(RejectedEvent, match="check the year"):
        ledger.apply(report(3, 20), 3, 1_768_000_000.0)
    assert ledger.apply(report(4, 6), 1, 0.0) is None, "an offset before the newest was applied already"
    advised = ledger.apply(report(4, 6), 4, 0.0)
    assert (advised.day, advised.id, advised.currency) == ("2026-01-05", "ads-0-4", "EUR")
    back = Ledger.load(ledger.document())
    assert back.document() == ledger.document()


def test_advice_is_of_the_campaign_that_brings_more():
    ledger = Ledger(0, "shop")
    advised = None
    for day in range(1, 29):
        ledger.apply(report(f"a{day}", day, campaign="dear", conversions=1.0), 3 * day, 0.0)
        more = {"audience": "women, 30-34", "conversions": 6.0, "clicks": 12.0, "impressions": 900.0}
        advised = ledger.apply(report(f"b{day}", day, campaign="cheap", **more), 3 * day + 1, 0.0) or advised
        advised = ledger.apply(report(f"c{day}", day, campaign="idle", spend=0.0, conversions=0.0), 3 * day + 2, 0.0) or advised
    advised = ledger.apply(report("last", 29), 1000, 0.0)
    first, second = advised.advice
    assert (first.campaign, first.audience, second.campaign, second.audience) == ("cheap", "women, 30-34", "dear", None)
    assert first.low <= first.expected <= first.high
    assert first.expected > 40
    assert first.best > 0.99
    assert [error.model for error in advised.errors] == ["online", "all_time_rate", "mean"]
    assert msgspec.json.decode(encode(advised), type=type(advised)) == advised
