"""Reading the files: defaults, time zones, and what makes two configurations equal."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.config.load import MAIN, parse
from appliance.config.model import Client, MountClient, SshfsClient
from appliance.errors import ConfigError

WEB1 = '[clients.web1]\nhost = "web1.lan"\npaths = ["/"]\n'


def problems(texts: dict[str, str], environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(texts, environ or {})
    return [str(problem) for problem in caught.value.problems]


def only(text: str) -> Client:
    (client,) = parse({MAIN: text}, {}).clients
    return client


def test_the_smallest_client_has_every_default() -> None:
    client = only(WEB1)

    assert client == SshfsClient(name="web1", host="web1.lan", paths=("/",))
    assert str(client.schedule) == "@daily"
    assert client.keep is None
    assert client.overdue_after == timedelta(hours=60)


def test_max_age_decides_what_is_overdue_when_it_is_given() -> None:
    assert only(WEB1 + 'max_age = "36h"\n').overdue_after == timedelta(hours=36)


def test_a_mounted_folder_is_read_whole_unless_paths_say_otherwise() -> None:
    client = only('[clients.nas]\nmethod = "mount"\nfolder = "/mnt/nas/"\n')

    assert isinstance(client, MountClient)
    assert client.paths == ("/",)
    assert str(client.folder) == "/mnt/nas"


@pytest.mark.parametrize(
    ("defaults", "own", "schedule"),
    [
        ('schedule = "@weekly"', "", "@weekly"),
        ('schedule = "@weekly"', 'schedule = "@hourly"', "@hourly"),
        ('schedule = "@weekly"', 'every = "6h"', "every 6h"),
        ('every = "6h"', "", "every 6h"),
        ('every = "6h"', 'schedule = "@hourly"', "@hourly"),
        ('every = "6h"', 'every = "1h"', "every 1h"),
    ],
)
def test_a_client_takes_when_to_run_from_one_place_only(defaults: str, own: str, schedule: str) -> None:
    assert str(only(f"[defaults]\n{defaults}\n{WEB1}{own}\n").schedule) == schedule


def test_a_value_of_a_client_replaces_the_default_as_a_whole() -> None:
    defaults = '[defaults]\nkeep = { daily = 7, weekly = 4 }\nexclude = ["/proc"]\n'

    client = only(defaults + WEB1 + 'keep = { last = 3 }\nexclude = ["/sys"]\n')

    assert client.keep is not None
    assert (client.keep.last, client.keep.daily) == (3, 0)
    assert client.exclude == ("/sys",)


def test_what_defaults_say_of_machines_is_not_for_mounted_folders() -> None:
    defaults = '[defaults]\nuser = "backup"\nport = 2222\nnames = "chroot"\npaths = ["/etc"]\ncompression = "lz4"\n'

    client = only(defaults + '[clients.nas]\nmethod = "mount"\nvolume = "nas"\n')

    assert client.paths == ("/",)
    assert client.names == "numeric"
    assert client.compression == "lz4"


def test_a_default_method_is_the_method_of_clients_that_name_none() -> None:
    assert isinstance(only('[defaults]\nmethod = "mount"\n[clients.nas]\nvolume = "nas"\n'), MountClient)


@pytest.mark.parametrize(
    ("appliance", "environ", "zone"),
    [
        ("", {}, "UTC"),
        ("", {"TZ": ""}, "UTC"),
        ("", {"TZ": "Europe/Berlin"}, "Europe/Berlin"),
        ("", {"TZ": ":Europe/Berlin"}, "Europe/Berlin"),
        ('timezone = "Asia/Tokyo"', {"TZ": "Europe/Berlin"}, "Asia/Tokyo"),
        ('timezone = "Asia/Tokyo"', {"TZ": "nonsense"}, "Asia/Tokyo"),
    ],
)
def test_the_time_zone_is_the_files_then_the_environments_then_utc(
    appliance: str, environ: dict[str, str], zone: str
) -> None:
    assert parse({MAIN: f"[appliance]\n{appliance}\n"}, environ).timezone == ZoneInfo(zone)


def test_a_wrong_time_zone_of_the_environment_is_named_as_such() -> None:
    (problem,) = problems({MAIN: ""}, {"TZ": "Mars/Olympus"})

    assert problem.startswith('environment: TZ: "Mars/Olympus" is not a known time zone')


def test_files_in_another_order_make_an_equal_appliance() -> None:
    one = {"clients.d/a.toml": 'host = "a"\npaths = ["/"]\n', "clients.d/b.toml": 'host = "b"\npaths = ["/"]\n'}

    assert parse({MAIN: "", **one}, {}) == parse({**dict(reversed(one.items())), MAIN: ""}, {})


def test_a_comment_makes_no_other_appliance_and_a_value_does() -> None:
    before = parse({MAIN: WEB1}, {})

    assert parse({MAIN: "# new\n" + WEB1}, {}) == before
    assert parse({MAIN: WEB1 + "port = 23\n"}, {}) != before


def test_a_client_of_the_same_name_in_two_client_files_names_both() -> None:
    (problem,) = problems({MAIN: "", "clients.d/a.toml": WEB1, "clients.d/b.toml": WEB1})

    assert problem.startswith('clients.d/b.toml: clients.web1: client "web1" stands in clients.d/a.toml too')


def test_clients_are_not_judged_while_their_defaults_cannot_be_read() -> None:
    (problem,) = problems({MAIN: "[defaults\n", "clients.d/a.toml": 'host = "a"\n'})

    assert problem.startswith("borgpull.toml: is not valid TOML at line 1")


def test_an_appliance_finds_its_clients_by_name() -> None:
    appliance = parse({MAIN: WEB1}, {})

    assert appliance.client("web1") == appliance.clients[0]
    assert appliance.client("web2") is None


def test_a_thousand_problems_are_all_told() -> None:
    text = "".join(f'[clients.c{number}]\nhost = "h"\n' for number in range(1000))

    assert len(problems({MAIN: text})) == 1000
