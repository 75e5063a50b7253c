"""One client's table, with the defaults beneath it, becomes a client or a list of problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from appliance.config.durations import parse_duration
from appliance.config.keys import (
    ALL_KEYS,
    KEYS,
    MODELS,
    OF_MACHINES,
    shown,
    why_not,
    why_not_in_defaults,
    why_not_method,
)
from appliance.config.model import ONE_SOURCE, Names, Reach
from appliance.config.schedule import Schedule
from appliance.config.sentences import key_of, sentence_of
from appliance.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from appliance.config.model import Client

# Two ways to say one thing: a client that has one of them takes the other from nowhere.
_EITHER = (frozenset({"schedule", "every"}), frozenset({"folder", "volume"}), frozenset({"paths", "stream"}))
# What is said of files means nothing for a stream.
_OF_FILES = frozenset({"exclude", "exclude_caches"})
_NO_FILES = "means nothing beside stream, which reads no files; remove it"
# What [defaults] need beside them to be judged alone.
_MACHINE: dict[str, object] = {"host": "any-host", "paths": ["/"]}
_STAND_IN: dict[str, dict[str, object]] = {
    "sshfs": _MACHINE,
    "socat": _MACHINE,
    "ssh-agent": _MACHINE | {"callback": "any-host:2222"},
    "remote-forward": _MACHINE,
    "mount": {},
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file, and the key path of a table in it ("" for the whole file)."""

    file: str
    key: str = ""

    def problem(self, key: str, sentence: str) -> Problem:
        """Name a problem with a key below this place ("" for the place itself)."""
        return Problem(self.file, ".".join(filter(None, (self.key, key))), sentence)


def read_client(
    name: str, table: Mapping[str, object], place: Place, defaults: Mapping[str, object]
) -> Client | list[Problem]:
    """Return the client, or every problem of its table; what is wrong with the defaults is not said again here."""
    method = table.get("method", defaults.get("method", "sshfs"))
    if not isinstance(method, str) or method not in MODELS:
        unknown = [place.problem(shown(key), why_not(key, "")) for key in table if key not in ALL_KEYS]
        wrong = [place.problem("method", why_not_method(method))] if "method" in table else []
        return [*wrong, *unknown]
    problems = [place.problem(shown(key), why_not(key, method)) for key in table if key not in KEYS[method]]
    if method == "sshfs" and "host" not in table and table.keys() & {"folder", "volume"}:
        # Only `method` was forgotten: what sshfs would miss beside it is no help.
        return problems
    own = {key: value for key, value in table.items() if key in KEYS[method]}
    merged = _inherited(own, method, defaults) | own
    client, found = _validated(merged, name, method, place)
    problems += [problem for key, problem in found if key not in merged or key in own]
    if "stream" in merged:
        problems += [place.problem(key, _NO_FILES) for key in sorted(_OF_FILES) if own.get(key)]
    return problems if client is None or problems else client


def check_defaults(defaults: Mapping[str, object], place: Place) -> list[Problem]:
    """Return every problem of `[defaults]`, each once, however many clients inherit it."""
    problems = {place.problem(shown(key), why_not_in_defaults(key)) for key in defaults if key not in ALL_KEYS}
    method = defaults.get("method", "sshfs")
    if not isinstance(method, str) or method not in MODELS:
        problems.add(place.problem("method", why_not_method(method)))
    for name, keys in KEYS.items():
        # What several methods know is judged as the one with the widest choice, sshfs, knows it.
        judged = keys if name == "sshfs" else keys - KEYS["sshfs"]
        values = {key: value for key, value in defaults.items() if key in judged and key != "method"}
        _, found = _validated(_STAND_IN[name] | values, "any-client", name, place)
        problems.update(problem for key, problem in found if key in values)
    return sorted(problems)


def _inherited(own: Mapping[str, object], method: str, defaults: Mapping[str, object]) -> dict[str, object]:
    known = KEYS[method] - {"method"} - _not_meant(own, method, defaults)
    if "stream" in own or "stream" in known & defaults.keys():
        known -= _OF_FILES
    return {key: value for key, value in defaults.items() if key in known}


def _not_meant(own: Mapping[str, object], method: str, defaults: Mapping[str, object]) -> frozenset[str]:
    """Return the keys of `[defaults]` that mean nothing for this client, where another client may well need them."""
    keys = set().union(*(either for either in _EITHER if own.keys() & either))
    if method == "mount":
        keys |= OF_MACHINES
    elif method != "sshfs" and defaults.get("names") == Names.CHROOT:
        keys.add("names")
    if own.get("reach", defaults.get("reach")) != Reach.JUMP:
        keys.add("jump")
    return frozenset(keys)


def _validated(
    merged: Mapping[str, object], name: str, method: str, place: Place
) -> tuple[Client | None, list[tuple[str, Problem]]]:
    """Return the client, and each problem with the top-level key it belongs to ("" for the table as a whole)."""
    values = {**merged, "name": name, "method": method}
    found = []
    if "every" in values:
        every = values.pop("every")
        try:
            values["schedule"] = Schedule.every(parse_duration(every))
        except ValueError as error:
            found.append(("every", place.problem("every", str(error))))
    if {"schedule", "every"} <= merged.keys():
        found.append(("every", place.problem("every", "schedule and every exclude each other; keep one of them")))
    try:
        client = MODELS[method].model_validate(values)
    except ValidationError as error:
        details = [detail for detail in error.errors(include_url=False) if not _is_echo(detail)]
        found += [(_top(detail), place.problem(key_of(detail), sentence_of(detail))) for detail in details]
        # What concerns the table as a whole is not looked at by pydantic while a single key is wrong.
        if method == "mount" and ("folder" in merged) == ("volume" in merged) and details and _top(details[-1]):
            found.append(("", place.problem("", ONE_SOURCE)))
        return None, found
    return (None if found else client), found


def _top(detail: ErrorDetails) -> str:
    return str(detail["loc"][0]) if detail["loc"] else ""


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether the trouble is said elsewhere: a bad name by its finder, a list left empty by its wrong entries."""
    return _top(detail) == "name" or (detail["type"] == "too_short" and bool(detail["input"]))
