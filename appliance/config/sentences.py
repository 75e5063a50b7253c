"""What pydantic found, said in words for the operator."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from appliance.config.keys import did_you_mean, listed, shown
from appliance.config.model import Check, Hook, Keep, Names, Stream

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MISSING = {
    "host": 'is missing; write the name or address of the machine, such as host = "web1.lan"',
    "paths": 'is missing; write what to read, such as paths = ["/"] for the whole machine',
    "callback": (
        "is missing; write the address of this server at which the client calls it back while a run lasts, "
        'such as callback = "nas.lan:2222"'
    ),
    "command": 'is missing; write what to run on the client, such as command = "systemctl stop shop"',
    "name": 'is missing; write how the file is called in the archive, such as name = "postgres.sql"',
}
_TYPES = {
    "bool_type": "true or false, without quotes",
    "float_type": "a number, without quotes",
    "int_type": "a whole number, without quotes",
    "path_type": "a text in quotes",
    "string_type": "a text in quotes",
}
# The tables within a client's table, each with what it holds and an example.
_TABLES: dict[str, tuple[type[Check | Hook | Keep | Stream], str]] = {
    "check": (Check, 'a table, such as { repository = "weekly", data = "monthly" }'),
    "keep": (Keep, "a table, such as { daily = 7, weekly = 4 }"),
    "before": (Hook, 'a text in quotes, or a table such as { command = "…", timeout = "10m", on_failure = "warn" }'),
    "after": (Hook, 'a text in quotes, or a table such as { command = "…", timeout = "10m", on_failure = "warn" }'),
    "stream": (Stream, 'a table, such as { command = "pg_dumpall", name = "postgres.sql" }'),
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
    table, example = _TABLES.get(str(error["loc"][0]) if error["loc"] else "", (Keep, ""))
    match kind:
        case "value_error":
            sentence = str(context["error"])
        case "missing":
            sentence = _MISSING.get(last, "is missing")
        case "extra_forbidden":
            kind_of_key = "rule" if table is Keep else "key"
            sentence = f"there is no such {kind_of_key}{did_you_mean(last, table.model_fields)}"
        case "enum" | "literal_error":
            sentence = _choice(last, re.findall(r"'([^']+)'", context["expected"]), value)
        case "too_short":
            sentence = 'is empty; name at least one path, such as "/"'
        case "tuple_type":
            sentence = f"must be a list: write {last} = [{_shown(value) if isinstance(value, str) else _ANY}]"
        case "model_type":
            sentence = f"must be {example}, not {_shown(value)}"
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
    if key == "names" and value in tuple(Names):
        return _not_those_names(str(value), choices)
    offered = ", ".join(f'"{choice}"' for choice in choices)
    near = did_you_mean(value, choices) if isinstance(value, str) else ""
    only = "must be" if len(choices) == 1 else "must be one of"
    return f"{only} {offered}, not {_shown(value)}{near}"


def _not_those_names(value: str, choices: list[str]) -> str:
    if choices == [Names.NUMERIC]:
        return f'"{value}" belongs to methods that reach a machine; a folder has no users of its own: write "numeric"'
    return (
        f'"{value}" belongs to method sshfs, where Borg runs on the server; here it runs on the client and knows the '
        f"names there: write {listed(choices, 'or')}"
    )


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | int | float) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
