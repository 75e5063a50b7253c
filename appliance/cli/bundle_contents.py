"""What a support archive holds: versions, findings, configuration, engine, journal and logs, all of it censored."""

from __future__ import annotations

import os
import platform
import tomllib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from appliance import __version__
from appliance.cli.alarms import alarm_json
from appliance.cli.bundle_secrets import hosts_of, secrets_of, shown
from appliance.cli.findings import findings_text
from appliance.cli.present_run import run_json
from appliance.cli.readable import as_json, iso
from appliance.cli.secrecy import Censor
from appliance.config.write import to_toml
from appliance.errors import BorgpullError, ConfigError, EngineError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from appliance.cli.findings import Finding
    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Appliance

_RUNS = 200
_LOGS_EACH = 3
_LOG_LINES = 500
_LOG_CHARACTERS = 256 << 10
_README = """\
A support archive of Borgpull, made at {made} by `borgpull doctor --bundle`.

Look through it before you give it away: it is plain text. In it are
  doctor.txt, doctor.json   what the doctor found
  versions.json             of Borgpull, Borg, Python and the kernel
  configuration.json        as it is in force; of commands (before, after, stream) and URLs only that they are there
  engine.json               what the engine says of itself and of the container that made this
  journal.json              the newest runs, open alarms, how deliveries went
  logs/                     the end of the newest logs of each client, and of this container

Taken out, wherever they stood: keys, passphrases, notification URLs, commands, every value of the configuration that is
not known to be harmless, and what looks like a password. In their place stands [removed].
{hosts}
{lacking}"""
_WITH_HOSTS = "Names of clients, hosts, users and files are in it. `--hide-hosts` takes hosts and addresses out too."
_WITHOUT_HOSTS = (
    "Hosts and addresses were taken out too (host-1, [address]). Names of clients, users and files are in it."
)
_NO_FREE_TEXT = "Logs and messages are NOT in it: {0}, so nobody can tell what in them is secret.\n"


def contents(world: Surroundings, findings: Sequence[Finding], *, hide_hosts: bool) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each member; what cannot be had says why in its place."""
    appliance, problems = _configuration(world)
    lacking = ""
    try:
        files = world.escrow_files().gather()
    except BorgpullError as error:
        # Closed, not open: what is not known cannot be taken out.
        files, lacking = (), _NO_FREE_TEXT.format(error)
    secrets = tuple(secrets_of(files, os.environ))
    censor = Censor(secrets, hosts_of(appliance) if hide_hosts else None)
    told: list[tuple[str, Callable[[], Any]]] = [
        ("doctor.json", lambda: [finding.to_json() for finding in findings]),
        ("versions.json", _versions),
        ("configuration.json", lambda: problems or shown(tomllib.loads(to_toml(appliance)) if appliance else {})),
        ("engine.json", lambda: _engine(world)),
    ]
    if not lacking:
        told.append(("journal.json", lambda: _journal(world)))
    readme = _README.format(
        made=iso(world.clock.now()), hosts=_WITHOUT_HOSTS if hide_hosts else _WITH_HOSTS, lacking=lacking
    )
    yield "README.txt", censor.text(readme)
    yield "doctor.txt", censor.text(findings_text(findings))
    for name, tell in told:
        yield name, as_json(censor.value(_or_why_not(tell))) + "\n"
    for name, text in () if lacking else _logs(world, appliance):
        yield name, censor.text(text)


def _configuration(world: Surroundings) -> tuple[Appliance | None, dict[str, Any]]:
    try:
        return world.load(), {}
    except ConfigError as error:
        return None, {"problems": [str(problem) for problem in error.problems]}


def _versions() -> dict[str, str]:
    return {
        "borgpull": os.environ.get("BORGPULL_VERSION", __version__),
        "revision": os.environ.get("BORGPULL_REVISION", "unknown"),
        "borg": os.environ.get("BORGPULL_BORG_VERSION", "unknown"),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
    }


def _engine(world: Surroundings) -> dict[str, Any]:
    engine = world.engine()
    facts = asdict(engine.facts())
    return {
        "address": engine.address,
        "engine": {**facts, "now": iso(facts["now"])},
        "own_container": _or_why_not(lambda: asdict(engine.own())),
    }


def _journal(world: Surroundings) -> dict[str, Any]:
    store = world.journal()
    facts = ("version", "heartbeat", "paused")
    return {
        "facts": {name: store.fact(name) for name in facts},
        "runs": [run_json(record) for record in store.history(limit=_RUNS)],
        "alarms": [alarm_json(state) for state in store.alarms()],
        "channels": [
            {
                **asdict(record),
                "last_success": iso(record.last_success),
                "last_failure": iso(record.last_failure),
            }
            for record in store.channel_records()
        ],
    }


def _logs(world: Surroundings, appliance: Appliance | None) -> Iterator[tuple[str, str]]:
    for client in appliance.clients if appliance else ():
        try:
            for run_id in world.logs().kept(client.name)[:_LOGS_EACH]:
                yield f"logs/{client.name}/{run_id}.log", _end(world.logs().read(client.name, run_id) or ())
        except StateError as error:
            yield f"logs/{client.name}/not-told.txt", f"{error}\n"
    try:
        own = world.engine().log(world.engine().own().id).splitlines()
    except EngineError as error:
        own = [str(error)]
    yield "logs/this-container.log", _end(own)


def _end(lines: Sequence[str]) -> str:
    return "\n".join(lines[-_LOG_LINES:])[-_LOG_CHARACTERS:] + "\n"


def _or_why_not(tell: Callable[[], Any]) -> Any:
    try:
        return tell()
    except BorgpullError as error:
        return {"not_told": str(error)}
