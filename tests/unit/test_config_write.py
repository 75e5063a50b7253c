"""Writing TOML: effective values, and the file of a new client."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.load import MAIN, parse
from appliance.config.model import Appliance, Client, Hook, MountClient
from appliance.config.write import Remarks, client_file, to_toml

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), min_size=1, max_size=30)
PATTERNS = TEXTS.filter(lambda text: text[2:3] != ":")  # two letters and a colon would be a style


def read_client_file(name: str, text: str) -> Client:
    client = parse({MAIN: "", f"clients.d/{name}.toml": text}, {}).client(name)
    assert client is not None
    return client


def appliance_with(**keys: Any) -> Appliance:
    appliance = parse({MAIN: '[clients.web1]\nhost = "web1.lan"\npaths = ["/"]\n'}, {})
    (client,) = appliance.clients
    return appliance.model_copy(update={"clients": (client.model_copy(update=keys),)})


@given(st.lists(PATTERNS, max_size=4))
def test_any_pattern_survives_being_written(patterns: list[str]) -> None:
    appliance = appliance_with(exclude=tuple(patterns))

    assert parse({MAIN: to_toml(appliance)}, {}) == appliance


@pytest.mark.parametrize(
    "pattern", ["re:\\x41", "\\", "\\\\x", '"', "'", "a\tb", "\x7f", "\x1b[0m", "ä€😀", "#", "'''"]
)
def test_a_pattern_that_the_toml_library_would_mangle_survives(pattern: str) -> None:
    appliance = appliance_with(exclude=(pattern,))

    assert parse({MAIN: to_toml(appliance)}, {}) == appliance


@given(st.lists(TEXTS.filter(lambda text: text == text.strip()), max_size=3), st.booleans())
def test_any_command_survives_being_written(commands: list[str], warn: bool) -> None:  # noqa: FBT001 - hypothesis
    hooks = tuple(Hook(command=text, on_failure="warn" if warn else "stop") for text in commands)
    appliance = appliance_with(before=hooks, after=hooks[:1])

    assert parse({MAIN: to_toml(appliance)}, {}) == appliance


def test_a_clients_keep_stands_below_that_client() -> None:
    text = "[defaults]\nkeep = { daily = 7 }\n" + "".join(
        f'[clients.{name}]\nhost = "{name}"\npaths = ["/"]\n' for name in ("a", "b")
    )

    written = to_toml(parse({MAIN: text}, {}))

    headings = [line for line in written.splitlines() if line.startswith("[")]
    assert headings == [
        "[appliance]",
        "[clients.a]",
        "[clients.a.keep]",
        "[clients.a.check]",
        "[clients.b]",
        "[clients.b.keep]",
        "[clients.b.check]",
    ]


def test_a_new_machine_is_read_whole_less_what_is_no_data() -> None:
    client = read_client_file("web1", client_file("web1", {"host": "web1.lan"}))

    assert client.paths == ("/",)
    assert {"/proc", "/sys", "/dev", "/run", "/tmp"} <= set(client.exclude)  # noqa: S108 - patterns, no files of ours


def test_a_new_machine_takes_what_the_defaults_have() -> None:
    main = '[defaults]\npaths = ["/home"]\nexclude = ["*.iso"]\n'
    text = client_file("web1", {"host": "web1.lan"}, {"paths", "exclude"})

    client = parse({MAIN: main, "clients.d/web1.toml": text}, {}).client("web1")

    assert client is not None
    assert (client.paths, client.exclude) == (("/home",), ("*.iso",))


def test_a_new_client_has_the_values_that_were_given() -> None:
    values = {"host": "web1.lan", "port": 2222, "user": "backup", "paths": ["/srv"], "keep": {"daily": 7}}

    client = read_client_file("web1", client_file("web1", values))

    assert client.model_dump(include={"host", "port", "user", "paths", "exclude"}) == {
        "host": "web1.lan",
        "port": 2222,
        "user": "backup",
        "paths": ("/srv",),
        "exclude": (),
    }
    assert client.keep is not None
    assert client.keep.daily == 7


def test_a_new_mounted_folder_is_a_client_of_method_mount() -> None:
    client = read_client_file("nas", client_file("nas", {"method": "mount", "folder": "/mnt/nas"}))

    assert isinstance(client, MountClient)


@pytest.mark.parametrize(
    "values",
    [
        {"host": "web1.lan"},
        {"method": "mount", "volume": "photos"},
        {"method": "socat", "host": "web1.lan"},
        {"method": "ssh-agent", "host": "web1.lan", "callback": "nas.lan:2222"},
        {"method": "remote-forward", "host": "web1.lan", "reach": "jump", "jump": ["a@b", "c@d:2222"]},
    ],
)
def test_every_commented_key_of_a_new_file_can_be_switched_on(values: dict[str, Any]) -> None:
    text = client_file("web1", values)
    switched_on = "\n".join(
        line.removeprefix("# ") if " = " in line and line.startswith("# ") else line for line in text.splitlines()
    )

    assert switched_on.count(" = ") > text.count("\n# ")
    read_client_file("web1", switched_on)


def test_remarks_stand_beside_what_they_are_about_and_can_end_no_line() -> None:
    remarks = Remarks(
        heading=("Made today.",),
        keys={"method": "it works\nmethod = 'evil'"},
        entries={"/proc": "made by the kernel", "/mnt": "a share\r\x1b[31m"},
    )
    values = {"host": "db1.lan", "method": "sshfs", "paths": ["/"], "exclude": ["/proc", "/mnt", "*.iso"]}

    text = client_file("db1", values, remarks=remarks)

    assert "# Made today.\n\n[clients.db1]\n" in text
    assert "# it works?method = 'evil'\nmethod = \"sshfs\"\n" in text
    assert '    "/proc",  # made by the kernel\n    "/mnt",   # a share??[31m\n    "*.iso",\n]\n' in text
    assert tomllib.loads(text)["clients"]["db1"] == values
