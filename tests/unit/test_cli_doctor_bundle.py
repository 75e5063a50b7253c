"""S5 for support archives: a canary put wherever a secret can be is found in no member, in no spelling."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from appliance.cli.bundle_secrets import TOLD, secrets_of
from appliance.cli.secrecy import REMOVED, Censor, in_command, parts
from appliance.config.keys import ALL_KEYS
from appliance.config.model import ApplianceSettings
from appliance.edges.escrow_files import EscrowFiles
from appliance.errors import ExitCode, StateError
from appliance.record import Outcome, Reason
from tests.cli_world import CliWorld
from tests.fakes import Script
from tests.house import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# With what percent, JSON and base64 each spell otherwise.
CANARY = 'Canary"7/+ü%Secret'
_PLAIN = "canary-0123456789-secret"
_CONFIG = f"""
# a comment with {_PLAIN}
[appliance]
notify = ["ntfys://someone:{_PLAIN}@ntfy.example/topic", "tgram://{_PLAIN}/12345678", "secret:phone"]
gateway = "gateway.example:2022"

[clients.web1]
host = "web1.lan"
user = "reader"
paths = ["/"]
method = "socat"
before = ["mysqldump --password={_PLAIN} --all", {{ command = "PGPASSWORD={_PLAIN} pg_dump", timeout = "1m" }}]
after = ["curl -u me:{_PLAIN} https://example.org/{_PLAIN}"]
healthchecks = "https://hc.example/{_PLAIN}"

[clients.dump]
host = "10.1.2.3"
method = "socat"
stream = {{ command = "mysqldump -p{_PLAIN}", name = "all.sql" }}
notify = ["mailto://me:{_PLAIN}@mail.example?key={_PLAIN}"]
"""


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    world = CliWorld(tmp_path, _CONFIG)
    for file in (
        "keys/web1/id_ed25519", "keys/web1/id_ed25519_agent", "keys/web1/id_ed25519_restore",
        "secrets/web1/passphrase", "secrets/notify_urls/phone", "secrets/anything", "gateway/ssh_host_ed25519_key",
    ):  # fmt: skip
        place = world.config / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{CANARY}\n", encoding="utf-8")
        place.chmod(0o600)
    said = (
        f"login with {CANARY} and {_PLAIN}, as {quote(CANARY, safe='')} or {base64.b64encode(CANARY.encode()).decode()}"
    )
    world.logs.keep(
        "web1", "run-1", [said, "-----BEGIN OPENSSH PRIVATE KEY-----", "b3BlbnNzaC1", "a plain line"], newest=9
    )
    failed = record(Outcome.FAILED, Reason.HOOK)
    world.journal.finish(
        replace(failed, message=f"the hook said {CANARY}", warnings=(f"mysqldump --password={_PLAIN}",))
    )
    world.engine.own_trouble = f"no such thing: {_PLAIN}"
    return world


def bundle(world: CliWorld, *options: str) -> dict[str, str]:
    """Make one and read it."""
    target = world.restored / "support.tar.gz"
    done = world.run("doctor", "--bundle", str(target), *options)
    assert f"went to {target}" in done.err, done.err
    assert target.stat().st_mode & 0o777 == 0o600
    content = gzip.decompress(target.read_bytes())
    assert not list(leaks(content.decode("utf-8", "replace")))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {
            member.name.removeprefix("borgpull-support/"): file.read().decode()
            for member in tar
            if (file := tar.extractfile(member)) is not None
        }


def leaks(text: str) -> Iterator[str]:
    for secret in (CANARY, _PLAIN):
        spelled = (
            secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1],
            base64.b64encode(secret.encode()).decode().rstrip("="),
        )  # fmt: skip
        yield from (form for form in spelled if form in text)


def test_a_canary_in_every_place_for_a_secret_is_in_no_member(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    key_file = world.config / "elsewhere"
    key_file.write_text(CANARY, encoding="utf-8")
    monkeypatch.setenv("SMTP_PASSWORD", CANARY)
    monkeypatch.setenv("BORGPULL_TOKEN_FILE", str(key_file))

    members = bundle(world)

    assert {member: list(leaks(text)) for member, text in members.items() if list(leaks(text))} == {}
    # It was looked for where it would have been, and the rest is there.
    assert set(members) == {
        "README.txt", "configuration.json", "doctor.json", "doctor.txt", "engine.json", "journal.json", "versions.json",
        "logs/web1/run-1.log", "logs/this-container.log",
    }  # fmt: skip
    assert members["logs/web1/run-1.log"].startswith(f"login with {REMOVED} and {REMOVED}, as {REMOVED} or {REMOVED}")
    assert "BEGIN OPENSSH" not in members["logs/web1/run-1.log"]
    assert json.loads(members["journal.json"])["runs"][0]["message"] == f"the hook said {REMOVED}"
    assert "web1.lan" in members["configuration.json"]


def test_of_commands_and_urls_the_configuration_says_only_that_they_are_there(world: CliWorld) -> None:
    told = json.loads(bundle(world)["configuration.json"])

    assert told["clients"]["web1"]["before"] == [
        {"command": REMOVED, "timeout": "5m", "on_failure": "stop"},
        {"command": REMOVED, "timeout": "1m", "on_failure": "stop"},
    ]
    assert told["clients"]["dump"]["stream"] == {"command": REMOVED, "name": "all.sql"}
    assert told["appliance"]["notify"] == ["ntfys://***", "tgram://***", "secret:phone"]
    assert told["clients"]["web1"]["paths"] == ["/"]


@pytest.mark.parametrize(
    "wrong",
    [
        f'[clients.web1]\nhost = "web1.lan"\npassphrase = "{_PLAIN}"\n',
        f'[clients.web1]\nhost = "web1.lan"\nbefore = [["{_PLAIN}"]]\n',
        f'[appliance]\nnotify = "ntfy//{_PLAIN}"\n',
        f'[clients.web1\nnotify = ["ntfy://{_PLAIN}/x"]\n',
    ],
)
def test_a_wrong_configuration_tells_its_problems_and_no_secret(world: CliWorld, wrong: str) -> None:
    world.configure(wrong)
    world.logs.keep("web1", "run-2", [f"said {_PLAIN}"], newest=9)
    world.journal.finish(replace(record(Outcome.FAILED, Reason.HOOK, run_id="run-2"), message=f"said {_PLAIN}"))

    members = bundle(world)

    assert json.loads(members["configuration.json"])["problems"]
    assert json.loads(members["doctor.json"])[0]["exit_code"] == ExitCode.CONFIG


def test_while_a_secret_cannot_be_read_nothing_is_told_that_may_hold_it(
    world: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine.own_trouble = ""

    def refuse(_self: EscrowFiles) -> None:
        raise StateError("/config/secrets cannot be read: Permission denied")

    monkeypatch.setattr(EscrowFiles, "gather", refuse)

    members = bundle(world)

    assert "Logs and messages are NOT in it: /config/secrets cannot be read" in members["README.txt"]
    assert not [member for member in members if member.startswith(("logs/", "journal"))]


def test_hosts_and_addresses_go_too_where_that_is_wanted(world: CliWorld) -> None:
    world.engine.own_trouble = ""
    world.engine.play = lambda _spec: Script()
    world.logs.keep("web1", "run-1", ["web1.lan at 192.168.7.9 and fe80::1:2:3:4 said no, from 12:30:45"], newest=9)

    members = bundle(world, "--hide-hosts")
    everything = "\n".join(members.values())

    assert not [
        host for host in ("web1.lan", "10.1.2.3", "192.168.7.9", "fe80::1", "gateway.example") if host in everything
    ]
    assert "at [address] and [address] said no, from 12:30:45" in members["logs/web1/run-1.log"]


def test_hiding_hosts_without_an_archive_is_a_wrong_command_line(world: CliWorld) -> None:
    assert world.run("doctor", "--hide-hosts").code == ExitCode.CONFIG


def test_standard_output_holds_the_archive_and_nothing_else(world: CliWorld) -> None:
    done = world.run("doctor", "--bundle", "-")

    with tarfile.open(fileobj=io.BytesIO(done.raw), mode="r:gz") as tar:
        assert "borgpull-support/README.txt" in tar.getnames()


def test_a_place_that_cannot_be_written_is_told(world: CliWorld) -> None:
    done = world.run("doctor", "--bundle", str(world.restored / "no such folder" / "x.tar.gz"))

    assert done.code == ExitCode.STATE
    assert "cannot be written: No such file or directory" in done.err


def test_every_key_of_today_is_told_or_taken_for_a_secret_on_purpose() -> None:
    kept_back = {"before", "after", "stream", "notify", "healthchecks"}

    assert (ALL_KEYS | set(ApplianceSettings.model_fields)) - TOLD == kept_back


def test_what_looks_like_a_secret_goes_without_being_known() -> None:
    censor = Censor(())

    assert censor.text("https://me:hunter2@host/x") == f"https://{REMOVED}@host/x"
    assert censor.text("Authorization: Bearer abcdefgh12345") == f"Authorization: Bearer {REMOVED}"
    assert censor.text("api_key=abc123 next") == f"api_key={REMOVED} next"
    assert censor.text("BORG_KEY " + "0" * 64 + "\n" + "A" * 60) == "BORG_KEY " + "0" * 64 + f" {REMOVED}"
    assert censor.text("passphrase is there, and private") == "passphrase is there, and private"


def test_what_docker_hands_in_as_a_secret_is_one(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("mailto://me@lan", encoding="utf-8")

    assert list(secrets_of((), {}, tmp_path)) == ["mailto://me@lan"]


def test_a_command_is_secret_as_a_whole_and_so_is_a_password_in_it() -> None:
    assert {"mysqldump -phunter2 db", "hunter2"} <= set(in_command("mysqldump -phunter2 db"))
    assert "hunter2" in list(in_command("PGPASSWORD='hunter2' pg_dump"))


def test_of_a_url_what_is_no_host_is_secret() -> None:
    found = set(parts("https://user:password1@hc.example.org/abcdefgh/x?key=12345678"))

    assert {"password1", "abcdefgh", "12345678"} <= found
    assert "hc.example.org" not in found
    assert "1234567890" in set(parts("pover://someone@1234567890"))
