"""What pydantic found, said in words for the operator."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from appliance.config.keys import did_you_mean, shown
from appliance.config.model import Keep

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MISSING = {
    "host": 'is missing; write the name or address of the machine, such as host = "web1.lan"',
    "paths": 'is missing; write what to read, such as paths = ["/"] for the whole machine',
}
_TYPES = {
    "bool_type": "true or false, without quotes",
    "float_type": "a number, without quotes",
    "int_type": "a whole number, without quotes",
    "model_type": "a table, such as { daily = 7, weekly = 4 }",
    "path_type": "a text in quotes",
    "string_type": "a text in quotes",
}
_RANGES = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
}
_TOML_HINTS = {
    "Invalid value": '; texts need quotes, such as host = "web1.lan"',
    "Illegal character '\\n'": "; is a closing quote missing on this line?",
}
_ANY = '"…", "…"'
_LONGEST_SHOWN = 60


def key_of(error: ErrorDetails) -> str:
    """Write where the error is: `keep.daily`, `paths[0]`; empty for the table itself."""
    key = ""
    for part in error["loc"]:
        key += f"[{part}]" if isinstance(part, int) else f".{shown(part)}"
    return key.removeprefix(".")


def sentence_of(error: ErrorDetails) -> str:
    """Say what is wrong and what to write instead."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    last = str(error["loc"][-1]) if error["loc"] else ""
    match kind:
        case "value_error":
            sentence = str(context["error"])
        case "missing":
            sentence = _MISSING.get(last, "is missing")
        case "extra_forbidden":
            sentence = f"there is no such rule{did_you_mean(last, Keep.model_fields)}"
        case "enum" | "literal_error":
            sentence = _choice(last, re.findall(r"'([^']+)'", context["expected"]), value)
        case "too_short":
            sentence = 'is empty; name at least one path, such as "/"'
        case "tuple_type":
            sentence = f"must be a list: write {last} = [{_shown(value) if isinstance(value, str) else _ANY}]"
        case _ if kind in _TYPES:
            sentence = f"must be {_TYPES[kind]}, not {_shown(value)}"
        case _ if kind in _RANGES:
            words, limit = _RANGES[kind]
            sentence = f"must be {words} {context[limit]}, not {_shown(value)}"
        case _:
            sentence = error["msg"].lower()
    return sentence


def why_not_toml(message: str) -> str:
    """Say where a file is no TOML, and what is wrong there, from the message of tomllib."""
    match = re.fullmatch(r"(.*) \(at (.*)\)", message, re.DOTALL)
    what, where = (match[1], f" at {match[2]}") if match else (message, "")
    twice = re.fullmatch(r"Cannot declare \((.*?),?\) twice", what)
    if twice:
        what = f"[{twice[1].replace(chr(39), '').replace(', ', '.')}] is there a second time"
    hint = _TOML_HINTS.get(what, "")
    return f"is not valid TOML{where}: {what[:1].lower()}{what[1:]}{hint}"


def _choice(key: str, choices: list[str], value: object) -> str:
    if key == "names" and value in ("chroot", "client") and value not in choices:
        return f'"{value}" belongs to method sshfs: a folder has no users of its own; with mount owners are "numeric"'
    offered = ", ".join(f'"{choice}"' for choice in choices)
    near = did_you_mean(value, choices) if isinstance(value, str) else ""
    only = "must be" if len(choices) == 1 else "must be one of"
    return f"{only} {offered}, not {_shown(value)}{near}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | int | float) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
