"""What was advised last, read from MongoDB, and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from consumers.store.mongo import MongoDocuments
from streams.contract.ad_messages import AdsAdvised
from streams.contract.codec import printable
from streams.contract.documents import AD_ACCOUNTS
from streams.contract.settings import MongoSettings
from streams.mongodb.client import connect

SHOWN: Final = 5
CAVEAT: Final = (
    "Observed, not tried: nobody chose by chance who saw which ad. Move a part of the budget, beside a part that stays as it is, before "
    "you move all of it."
)


def newest_advice(mongo: MongoSettings) -> list[AdsAdvised]:
    """The newest advice of each account, by name. Raises ServerError."""
    client = connect(mongo, "shelfcast-ads-advice")
    try:
        documents = MongoDocuments(client[mongo.database], mongo.shown)
        texts = [document["advised"] for document in documents.each(AD_ACCOUNTS, ("advised",)) if document.get("advised")]
    finally:
        client.close()
    return sorted((msgspec.json.decode(text, type=AdsAdvised) for text in texts), key=lambda one: (one.account, one.offset))


def tell(advised: Sequence[AdsAdvised]) -> Iterator[str]:
    """The advice in sentences."""
    if not advised:
        yield "There is no advice yet: it comes as a day closes, with the first report of a later day."
    for one in advised:
        yield f"{printable(one.account, 64)}, after {one.day}:"
        for arm in one.advice[:SHOWN]:
            name = arm.campaign if arm.audience is None else f"{arm.campaign}, {arm.audience}"
            band = f"80 %: {arm.low:,.0f} to {arm.high:,.0f}"
            drifted = f"; its rate changed on {arm.drifted_on}" if arm.drifted_on else ""
            yield (
                f"  {printable(name, 120)}: the next 1,000 bring {arm.expected:,.1f} conversions ({band}); "
                f"the best choice with probability {arm.best:.0%}{drifted}."
            )
        for error in one.errors:
            yield f"  error of {error.model} on {error.n:,} days of campaigns: deviance {error.deviance:.3f}, MAE {error.mae:.2f}"
    if advised:
        yield CAVEAT
