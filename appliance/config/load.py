"""The configuration folder becomes an Appliance, or one error that lists every problem at once."""

from __future__ import annotations

import tomllib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from appliance.config.clients import Place, check_defaults, read_client
from appliance.config.folder import CLIENT_FILES, MAIN, fingerprint, read_files
from appliance.config.keys import did_you_mean, shown
from appliance.config.model import Appliance, ApplianceSettings, Reach, SshAgentClient
from appliance.config.owner import IMAGES_OWN, Owner
from appliance.config.sentences import key_of, sentence_of, why_not_toml
from appliance.config.values import TimeZone, client_name
from appliance.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from appliance.config.model import Client

__all__ = ["CLIENT_FILES", "MAIN", "default_keys", "fingerprint", "load", "parse"]

_TABLES = ("appliance", "defaults", "clients")


def load(folder: Path, environ: Mapping[str, str]) -> Appliance:
    """Read the folder; raises ConfigError with every problem of every file."""
    texts, problems = read_files(folder)
    if MAIN not in texts and not problems:
        sentence = f"does not exist in {folder}; put one there: config/minimal.toml of Borgpull is a good beginning"
        problems.append(Problem(MAIN, "", sentence))
    return _checked(texts, environ, problems)


def parse(texts: Mapping[str, str], environ: Mapping[str, str]) -> Appliance:
    """Read the files given as name and text; raises ConfigError with every problem of every file."""
    missing = [] if MAIN in texts else [Problem(MAIN, "", "does not exist")]
    return _checked(texts, environ, missing)


def default_keys(folder: Path) -> frozenset[str]:
    """Return the keys that `[defaults]` give to every client; none when the file is no good."""
    texts, _ = read_files(folder)
    try:
        defaults = tomllib.loads(texts.get(MAIN, "")).get("defaults", {})
    except tomllib.TOMLDecodeError:
        return frozenset()
    return frozenset(defaults) if isinstance(defaults, dict) else frozenset()


def _checked(texts: Mapping[str, str], environ: Mapping[str, str], problems: list[Problem]) -> Appliance:
    tables = {}
    for file, text in texts.items():
        try:
            tables[file] = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            problems.append(Problem(file, "", why_not_toml(str(error))))
    if MAIN not in tables:
        # Without its defaults nothing sure can be said of the clients.
        raise ConfigError(problems)
    main = tables[MAIN]
    problems += [Problem(MAIN, shown(key), _why_not_on_top(key, main[key])) for key in main if key not in _TABLES]
    for key in _TABLES:
        if not isinstance(main.get(key, {}), dict):
            problems.append(Problem(MAIN, key, f"must be a table: write [{key}{'.NAME' * (key == 'clients')}]"))
            main[key] = {}
    defaults = main.get("defaults", {})
    problems += check_defaults(defaults, Place(MAIN, "defaults"))
    settings = _settings(main.get("appliance", {}), environ, problems)
    clients = _clients(tables, defaults, settings, problems)
    owner = _owner(environ, problems)
    if problems or settings is None or settings.timezone is None:
        raise ConfigError(problems)
    return Appliance(
        settings=settings, clients=clients, timezone=settings.timezone, owner=owner, is_main_blank=not tables[MAIN]
    )


def _owner(environ: Mapping[str, str], problems: list[Problem]) -> Owner:
    try:
        return Owner.from_environment(environ)
    except ConfigError as error:
        problems += error.problems
        return IMAGES_OWN


def _why_not_on_top(key: str, value: object) -> str:
    if isinstance(value, dict):
        return f"there is no such table{did_you_mean(key, _TABLES)}"
    return "stands above every table; put it below [appliance], [defaults] or [clients.NAME]"


def _settings(
    table: Mapping[str, object], environ: Mapping[str, str], problems: list[Problem]
) -> ApplianceSettings | None:
    known = {key: value for key, value in table.items() if key in ApplianceSettings.model_fields}
    for key in table.keys() - known.keys():
        near = did_you_mean(key, ApplianceSettings.model_fields)
        problems.append(Problem(MAIN, f"appliance.{shown(key)}", f"there is no such key{near}"))
    place = Place(MAIN, "appliance")
    try:
        settings = ApplianceSettings.model_validate(known)
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems += [place.problem(key_of(detail), sentence_of(detail)) for detail in details]
        return None
    if settings.timezone is not None:
        return settings
    zone = environ.get("TZ", "").removeprefix(":") or "UTC"
    try:
        found: ZoneInfo = TypeAdapter(TimeZone).validate_python(zone)
    except ValidationError as error:
        problems.append(Problem("environment", "TZ", sentence_of(error.errors(include_url=False)[0])))
        return None
    return settings.model_copy(update={"timezone": found})


def _clients(
    tables: Mapping[str, dict[str, Any]],
    defaults: Mapping[str, object],
    settings: ApplianceSettings | None,
    problems: list[Problem],
) -> tuple[Client, ...]:
    clients: dict[str, Client] = {}
    seen: dict[str, str] = {}
    for name, place, table in _found(tables, problems):
        if name in seen:
            sentence = f'client "{name}" stands in {seen[name]} too; keep one of them, or give one another name'
            problems.append(place.problem("", sentence))
            continue
        seen[name] = place.file
        client = read_client(name, table, place, defaults)
        if isinstance(client, list):
            problems += client
        else:
            problems += _beside_the_gateway(client, place, settings)
            clients[name] = client
    return tuple(clients[name] for name in sorted(clients))


def _beside_the_gateway(client: Client, place: Place, settings: ApplianceSettings | None) -> Iterable[Problem]:
    if settings is None:
        return
    gateway = settings.gateway
    if isinstance(client, SshAgentClient) and gateway is not None and client.callback.port == gateway.port:
        sentence = (
            f"port {gateway.port} is that of the gateway in [appliance], and only one can listen there; "
            "write another one for one of them"
        )
        yield place.problem("callback", sentence)
    if gateway is None and client.reach is Reach.DIAL_IN:
        sentence = (
            '"dial-in" needs the gateway, which is off; write the address under which clients dial in to this server '
            'into [appliance], such as gateway = "nas.lan:2200"'
        )
        yield place.problem("reach", sentence)


def _found(
    tables: Mapping[str, dict[str, Any]], problems: list[Problem]
) -> Iterator[tuple[str, Place, Mapping[str, object]]]:
    """Yield each client's name, where it stands, and its table; note what cannot be a client."""
    for file, table in tables.items():
        entries = table.get("clients", {}) if file == MAIN else _one_client(file, table, problems)
        for name, entry in entries.items():
            place = Place(file, f"clients.{shown(name)}" if "clients" in table else "")
            problems += _wrong_name(name, place)
            if isinstance(entry, dict):
                yield name, place, entry
            else:
                problems.append(place.problem("", f"must be a table: write [clients.{shown(name)}]"))


def _wrong_name(name: str, place: Place) -> Iterable[Problem]:
    try:
        client_name(name)
    except ValueError as error:
        yield place.problem("", f"{error}{'' if place.key else '; the file is named like its client'}")


def _one_client(file: str, table: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Return the one client of a file of its own: below [clients.NAME], or on top and named like the file."""
    elsewhere = f"belongs into {MAIN}; a file in {CLIENT_FILES} holds one client and nothing else"
    problems += [Problem(file, key, elsewhere) for key in ("appliance", "defaults") if key in table]
    rest = {key: value for key, value in table.items() if key not in _TABLES}
    if not table:
        sentence = "holds no client; delete the file, or keep the client and write enabled = false"
        problems.append(Problem(file, "", sentence))
        return {}
    if "clients" not in table:
        return {PurePosixPath(file).stem: rest} if rest else {}
    problems += [Problem(file, shown(key), "stands above [clients.NAME]; put it below") for key in rest]
    clients = table["clients"]
    if not isinstance(clients, dict) or len(clients) != 1:
        problems.append(Problem(file, "clients", "a file in clients.d holds exactly one client, as [clients.NAME]"))
        return {}
    return clients
