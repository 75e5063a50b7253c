"""The reference page of trust: the same values that `client list --trust` shows, for a client of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.logins import Endpoint, Login
from appliance.config.model import (
    Hook,
    Listing,
    MountClient,
    Names,
    Reach,
    RemoteForwardClient,
    SocatClient,
    SshAgentClient,
    SshfsClient,
    Stream,
)
from appliance.plan.trust import trust_of

if TYPE_CHECKING:
    from appliance.config.model import Client
    from appliance.plan.trust import Trust

_HEAD = """\
# Trust

What a client of each kind and this server must trust each other with. `borgpull client list --trust` shows the same for
your own clients, `borgpull client setup` says it before you paste anything. Where it says USER, it is the client's
`user`: root reads everything, and can be made to do everything.

<!-- Written by `python -m appliance.cli.reference`; change plan/trust.py, not this page. -->

| client | holds the passphrase | can delete archives | the server can, on the client |
|---|---|---|---|
"""
_NAME, _HOST, _USER, _ALL = "any", "any", "USER", ("/",)
_HOOK = (Hook(command="true"),)
_NAS = Endpoint("HOST", 2222)
_JUMP = (Login("USER", "HOST"),)
_COMMAND = Stream(command="true", name="dump")


def trust_page() -> str:
    """Return the page."""
    kinds = [(words, trust_of(client)) for words, client in _kinds()]
    return "\n".join(
        [
            _HEAD + _rows([(words, _who_can(trust)) for words, trust in kinds]),
            "## Deleted archives\n",
            *dict.fromkeys(f"- {_sides(trust.deleters)}: {trust.deletion}." for _, trust in kinds),
            "\n## What archives cannot hold\n",
            "| client | lost |\n|---|---|",
            _rows([(words, _lost(trust)) for words, trust in kinds]),
            "## What else there is to know\n",
            *(f"- {words}: {note}." for note, words in _alike(_notes()).items()),
            "",
        ]
    )


def _rows(told: list[tuple[str, str]]) -> str:
    return "".join(f"| {words} | {cells} |\n" for cells, words in _alike(told).items())


def _alike(told: list[tuple[str, str]]) -> dict[str, str]:
    """Return each text once, with the kinds of client it is true of."""
    kinds: dict[str, list[str]] = {}
    for words, text in told:
        kinds.setdefault(text, []).append(words)
    return {text: ", ".join(words) for text, words in kinds.items()}


def _who_can(trust: Trust) -> str:
    return f"{_sides(trust.passphrase)} | {_sides(trust.deleters)} | {trust.power}"


def _kinds() -> list[tuple[str, Client]]:
    """Return a client of each kind whose trust is its own."""
    return [
        ("`sshfs` (`client`)", _sshfs()),
        ("`sshfs` (`chroot`)", _sshfs(names=Names.CHROOT)),
        ("`sshfs` (`numeric`)", _sshfs(names=Names.NUMERIC)),
        ('`sshfs` with `listing = "require"`', _sshfs(listing=Listing.REQUIRE)),
        ('`sshfs` with `listing = "never"`', _sshfs(listing=Listing.NEVER)),
        ("`sshfs` with hooks", SshfsClient(name=_NAME, host=_HOST, user=_USER, paths=_ALL, before=_HOOK)),
        ("`mount`", MountClient(name=_NAME, method="mount", volume="any")),
        ("`socat`", SocatClient(name=_NAME, host=_HOST, user=_USER, paths=_ALL, method="socat")),
        ("`ssh-agent`", _agent()),
        ("`remote-forward`", _forward()),
        ("with `stream`", _forward(stream=_COMMAND, paths=())),
    ]


def _sshfs(*, names: Names = Names.CLIENT, listing: Listing = Listing.AUTO) -> SshfsClient:
    return SshfsClient(name=_NAME, host=_HOST, user=_USER, paths=_ALL, names=names, listing=listing)


def _agent() -> SshAgentClient:
    return SshAgentClient(name=_NAME, host=_HOST, user=_USER, paths=_ALL, method="ssh-agent", callback=_NAS)


def _forward(*, stream: Stream | None = None, paths: tuple[str, ...] = _ALL) -> RemoteForwardClient:
    return RemoteForwardClient(name=_NAME, host=_HOST, user=_USER, paths=paths, method="remote-forward", stream=stream)


def _notes() -> list[tuple[str, str]]:
    """Return what concerns one kind, one reach or one encryption alone; a stream has no notes of its own."""
    machine = {"name": _NAME, "host": _HOST, "user": _USER, "paths": _ALL}
    kinds = [
        *_kinds()[:-1],
        ("reach `jump`", SshfsClient.model_validate({**machine, "reach": Reach.JUMP, "jump": _JUMP})),
        ("reach `dial-in`", SshfsClient.model_validate({**machine, "reach": Reach.DIAL_IN})),
        ("encryption `authenticated`", SshfsClient.model_validate({**machine, "encryption": "authenticated"})),
    ]
    return [(words, note) for words, client in kinds for note in trust_of(client).notes]


def _sides(sides: tuple[str, ...]) -> str:
    return f"the {sides[0]} only" if len(sides) == 1 else " and ".join(f"the {side}" for side in sides)


def _lost(trust: Trust) -> str:
    return "; ".join(trust.not_carried) or "nothing of what Borg can store"
