"""The minimal job, the same in every contender: decode, predict, learn, emit, with River's own scaler and linear model."""

from typing import Any

import msgspec
from river import compose, linear_model, optim, preprocessing


class Event(msgspec.Struct):
    event_id: str
    store: str
    item: str
    quantity: float
    unit_price: float
    sold_at: float


class Prediction(msgspec.Struct):
    event_id: str
    store: str
    item: str
    predicted: float


decode = msgspec.json.Decoder(Event).decode
encode = msgspec.json.Encoder().encode


def model() -> Any:
    """A fresh model; one a process, as each contender runs one worker."""
    return compose.Pipeline(preprocessing.StandardScaler(), linear_model.LinearRegression(optim.SGD(0.01)))


def step(learner: Any, raw: bytes) -> tuple[bytes, bytes]:
    """One event: key and value of what is emitted."""
    event = decode(raw)
    hour = event.sold_at % 86400 / 3600
    x = {"price": event.unit_price, "hour": hour, "noon": abs(hour - 12), "day": event.sold_at // 86400 % 7, "one": 1.0}
    predicted = learner.predict_one(x)
    learner.learn_one(x, event.quantity)
    return event.store.encode(), encode(Prediction(event.event_id, event.store, event.item, predicted))
