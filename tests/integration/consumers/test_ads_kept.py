"""Live ads on real servers of MongoDB's protocol: what is read back goes on as what was kept in memory."""

from pymongo import MongoClient

from consumers.ads.newest import newest_advice, tell
from consumers.ads.sink import AdsSink
from consumers.store.mongo import MongoDocuments
from streams.contract.documents import AD_ACCOUNTS
from streams.kafka.ends import LogEnds
from tests.support.fakes import MemoryDocuments, metrics
from tests.unit.consumers.test_ads_live import Kafka, log, run, without_progress


def test_accounts_are_read_back_exactly(mongo):
    records, kafka, undisturbed = log(20), Kafka(), MemoryDocuments()
    run(records, undisturbed, Kafka(), 1000)
    with MongoClient(mongo.uri.reveal()) as client:
        documents = MongoDocuments(client[mongo.database], mongo.shown)
        for start in range(0, len(records), 16):
            # A new process for each batch: it knows only what the database holds.
            sink = AdsSink(documents, metrics(), kafka.deliver)
            for partition in (0, 1):
                sink.start(partition, LogEnds(0, len(records)))
            sink.write(records[start : start + 16])
        kept = {d["_id"]: d for d in client[mongo.database][AD_ACCOUNTS].find({})}
    assert kept == without_progress(undisturbed)[AD_ACCOUNTS]
    advised = newest_advice(mongo)
    assert {one.account for one in advised} == {"shop", "other"}
    assert "the next 1,000 bring" in "\n".join(tell(advised))
