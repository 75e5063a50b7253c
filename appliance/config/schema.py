"""JSON Schemas of the configuration files, by which an editor completes keys and marks what cannot be right.

An editor knows less than `borgpull config check`: what several keys mean together, it does not say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.config.keys import ALL_KEYS, KEYS, MODELS
from appliance.config.model import ApplianceSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

# The one that editors of TOML know.
_DRAFT = "http://json-schema.org/draft-07/schema#"
_NAME = "^[a-z0-9][a-z0-9-]{0,38}$"
_REFERENCE = "#/definitions/{model}"
_EVERY = {"type": "string", "description": "Instead of schedule: so long after the last run."}

Schema = dict[str, Any]
_A_CLIENT: Schema = {"allOf": [{"$ref": "#/definitions/client"}]}
_CLIENTS: Schema = {
    "type": "object",
    "propertyNames": {"pattern": _NAME},
    "additionalProperties": {"$ref": "#/definitions/client"},
    "description": "One table for each client.",
}


def main_file(told: Mapping[str, str]) -> Schema:
    """Return the schema of borgpull.toml; `told` is what is said of `appliance.KEY`, and of a client's `KEY`."""
    settings, definitions = _object(ApplianceSettings, set(), told, "appliance.")
    client, more = _client(told)
    return {
        "$schema": _DRAFT,
        "title": "borgpull.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "appliance": settings,
            "defaults": {**_A_CLIENT, "description": "Any key of a client, for all that do not have it themselves."},
            "clients": _CLIENTS,
        },
        "definitions": {**definitions, **more, "client": client},
    }


def client_file(told: Mapping[str, str]) -> Schema:
    """Return the schema of a file in clients.d: a client without a heading, or one below its heading."""
    client, definitions = _client(told)
    return {
        "$schema": _DRAFT,
        "title": "clients.d/NAME.toml",
        "if": {"required": ["clients"]},
        "then": {"type": "object", "additionalProperties": False, "properties": {"clients": _CLIENTS}},
        "else": _A_CLIENT,
        "definitions": {**definitions, "client": client},
    }


def _client(told: Mapping[str, str]) -> tuple[Schema, Schema]:
    """Return the table of a client: every key, and for each method which of them it knows."""
    properties: Schema = {"every": dict(_EVERY)}
    definitions: Schema = {}
    only: list[Schema] = []
    for method, model in MODELS.items():
        own, more = _object(model, {"name"}, told, "")
        definitions |= more
        for key, one in own["properties"].items():
            if key in ALL_KEYS and one not in (found := _choices(properties.get(key))):
                properties[key] = _told({"anyOf": [*found, one]} if found else one, told.get(key, ""))
        unknown = sorted(ALL_KEYS - KEYS[method])
        condition = {"properties": {"method": {"const": method}}, "required": ["method"]}
        only.append({"if": condition, "then": {"properties": dict.fromkeys(unknown, False)}})
    properties["method"] = _told({"enum": list(MODELS)}, told.get("method", ""))
    client = {"type": "object", "additionalProperties": False, "properties": properties, "allOf": only}
    return {**client, "not": {"required": ["schedule", "every"]}}, definitions


def _choices(known: Schema | None) -> list[Schema]:
    """Return what is known of a key so far; where methods differ in it, each has its own."""
    return [] if known is None else list(known.get("anyOf", [known]))


def _object(model: type[BaseModel], without: set[str], told: Mapping[str, str], prefix: str) -> tuple[Schema, Schema]:
    schema = _plain(model.model_json_schema(ref_template=_REFERENCE))
    definitions = schema.pop("$defs", {})
    for one in definitions.values():
        # What a table lacks, the check says with its reason.
        one.pop("required", None)
    properties = {
        key: _told(one, told.get(f"{prefix}{key}", ""))
        for key, one in schema["properties"].items()
        if key not in without
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}, definitions


def _told(schema: Schema, text: str) -> Schema:
    return {**schema, "description": text} if text else schema


def _plain(value: Any) -> Any:
    """Leave out what is ours and not the operator's: names of classes, docstrings, and defaults as Python has them."""
    if isinstance(value, dict):
        kept = {key: _plain(one) for key, one in value.items() if key not in ("title", "default", "description")}
        if "properties" in value:
            kept["properties"] = {key: _plain(one) for key, one in value["properties"].items()}
        return kept
    return [_plain(one) for one in value] if isinstance(value, list) else value
