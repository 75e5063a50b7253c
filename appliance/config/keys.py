"""Which keys a client may have, and why another one may not stand there."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from appliance.config.model import (
    Client,
    ClientBase,
    MachineClient,
    MountClient,
    RemoteForwardClient,
    SocatClient,
    SshAgentClient,
    SshfsClient,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MODELS: dict[str, type[Client]] = {
    "sshfs": SshfsClient,
    "socat": SocatClient,
    "ssh-agent": SshAgentClient,
    "remote-forward": RemoteForwardClient,
    "mount": MountClient,
}

# `name` is the table's heading or the file's name; `every` is another way to write `schedule`.
KEYS = {
    method: frozenset(model.model_fields) - {"name"} - ({"reach"} if method == "mount" else frozenset()) | {"every"}
    for method, model in MODELS.items()
}
ALL_KEYS = frozenset().union(*KEYS.values())
# What [defaults] say of machines means nothing for a folder of the Docker host.
OF_MACHINES = frozenset({"names", "paths"})

_METHODS = ", ".join(f'"{method}"' for method in MODELS)
# Why a key is there for these methods and no others.
_WHY = {
    "callback": ", where the client calls this server",
    "dedicated_key": ", where the client calls this server",
    "stream": ", where Borg runs on the client and can start a command there",
    "folder": ", which reads what the Docker host has mounted",
    "volume": ", which reads what the Docker host has mounted",
    "marker": ", which reads what the Docker host has mounted",
    "read_all": ", which reads what the Docker host has mounted",
}
_KEY_FILE = "clients are reached with the key in keys/NAME/id_ed25519"
_SECRETS = {
    "passphrase": "the passphrase is in secrets/NAME/passphrase",
    "password": _KEY_FILE,
    "key": _KEY_FILE,
    "identity_file": _KEY_FILE,
}
_OF_SSH = frozenset(MachineClient.model_fields) - frozenset(ClientBase.model_fields)
_NO_LOGIN = (
    "method mount reads a folder or volume of the Docker host and logs in nowhere; "
    'remove the key, or use method = "sshfs" to reach a machine'
)
_OTHER_WORDS = {
    "address": "host",
    "cron": "schedule",
    "directories": "paths",
    "interval": "every",
    "ignore": "exclude",
    "login": "user",
    "prune": "keep",
    "retention": "keep",
    "source": "paths",
    "sources": "paths",
}


def shown(key: str) -> str:
    """Write a key as TOML would, so that nothing in it can disturb a terminal."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def listed(words: Sequence[str], last: str = "and") -> str:
    """Write words as a sentence has them, each in quotes, with another word before the last of them."""
    *before, end = (f'"{word}"' for word in words)
    return f"{', '.join(before)} {last} {end}" if before else end


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Offer the nearest known word, or nothing; begins with "; " when it says something."""
    near = get_close_matches(word.lower().replace("-", "_"), sorted(known), n=1) or get_close_matches(
        word.lower(), sorted(known), n=1
    )
    return f'; did you mean "{near[0]}"?' if near else ""


def why_not(key: str, method: str) -> str:
    """Return the sentence for a key that a client of this method cannot have."""
    known = KEYS.get(method, ALL_KEYS)
    if key == "name":
        sentence = "a client is named by its heading [clients.NAME] or by its file; remove the key"
    elif key in _SECRETS:
        sentence = f"secrets do not stand in this file; {_SECRETS[key]}, below the configuration folder"
    elif method == "mount" and key in _OF_SSH:
        sentence = _NO_LOGIN
    elif method in MODELS and key in ALL_KEYS:
        methods = [name for name in MODELS if key in KEYS[name]]
        sentence = (
            f'belongs to method {listed(methods, "or")}{_WHY.get(key, "")}; this client has method "{method}": '
            f'remove {key}, or write method = "{methods[0]}"'
        )
    elif _OTHER_WORDS.get(key) in known:
        sentence = f'there is no such key; did you mean "{_OTHER_WORDS[key]}"?'
    else:
        sentence = f"there is no such key{did_you_mean(key, known)}"
    return sentence


def why_not_in_defaults(key: str) -> str:
    """Return the sentence for a key of `[defaults]` that no client of any method can have."""
    return f"no client has such a key{did_you_mean(key, ALL_KEYS)}"


def why_not_method(method: object) -> str:
    """Return the sentence for a method that does not exist, or does not exist yet."""
    if not isinstance(method, str):
        return f"must be a text in quotes: {_METHODS}"
    return f'"{method}" is not a method; the methods are {_METHODS}{did_you_mean(method, MODELS)}'
