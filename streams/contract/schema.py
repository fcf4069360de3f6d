"""JSON Schema and AsyncAPI 3, generated from the declarations in `messages`."""

from typing import Any, Final, get_args

import msgspec

from streams.contract import ad_messages, messages, topics

_JSON_SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"

CHANNELS: Final[dict[str, tuple[type, ...]]] = {
    topics.EVENTS: get_args(messages.InputEvent),
    topics.ACCEPTED: (messages.SaleAccepted,),
    topics.FORECASTS: get_args(messages.OutputMessage),
    topics.AD_EVENTS: (ad_messages.AdReported,),
    topics.AD_ADVICE: (ad_messages.AdsAdvised,),
}


def message_name(message: type) -> str:
    """The name of a message on the wire, for example `sale-recorded.v1`."""
    return str(message.__struct_config__.tag)  # type: ignore[attr-defined]


def json_schema() -> dict[str, Any]:
    """One JSON Schema document; its `$defs` hold all messages and their parts."""
    every = [message for channel in CHANNELS.values() for message in channel]
    references, definitions = msgspec.json.schema_components(every, ref_template="#/$defs/{name}")
    return {
        "$schema": _JSON_SCHEMA,
        "title": "shelfcast messages",
        "description": "Unknown fields pass; a version never gains a required field.",
        "oneOf": list(references),
        "$defs": dict(sorted(definitions.items())),
    }


def async_api() -> dict[str, Any]:
    """The topics and their messages as an AsyncAPI 3 document."""
    every = [message for channel in CHANNELS.values() for message in channel]
    _, definitions = msgspec.json.schema_components(every, ref_template="#/components/schemas/{name}")
    about = {topic.name: topic.purpose for topic in (*topics.TOPICS, *topics.AD_TOPICS)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "shelfcast",
            "version": "1.0.0",
            "description": "Sale events in, forecasts and shelf plans out. Keys: stores (of ads: accounts), placed as by Java (murmur2).",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {
            _slug(name): {
                "address": name,
                "description": about[name],
                "messages": {_slug(message_name(m)): {"$ref": f"#/components/messages/{_slug(message_name(m))}"} for m in held},
            }
            for name, held in CHANNELS.items()
        },
        "operations": {
            _slug(name): {
                "action": "receive" if name in (topics.EVENTS, topics.AD_EVENTS) else "send",
                "channel": {"$ref": f"#/channels/{_slug(name)}"},
                "summary": about[name],
            }
            for name in CHANNELS
        },
        "components": {
            "messages": {
                _slug(message_name(m)): {
                    "name": message_name(m),
                    "summary": (m.__doc__ or "").splitlines()[0],
                    "payload": {"$ref": f"#/components/schemas/{m.__name__}"},
                }
                for m in every
            },
            "schemas": dict(sorted(definitions.items())),
        },
    }


def _slug(name: str) -> str:
    return name.replace(".", "-")
