"""Borg on the client, seen from here: the command of its shell, who is served, and whose fault a failure is."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull.methods.channel import Channel
from appliance.pull.methods.on_client import remote_command, what_is_asked
from appliance.pull.methods.serve import serve_script
from appliance.pull.methods.ssh_failure import ssh_failure
from appliance.pull.methods.workplace import Workplace, tag
from appliance.pull.watch import Heard
from appliance.record import Reason

if TYPE_CHECKING:
    from pathlib import Path

PLAN = RunPlan(
    run_id="r1",
    client="web1",
    operation="create",
    appliance_id="app",
    method="socat",
    names="client",
    paths=("/etc",),
    storage_quota=10**9,
)
CANARY = "correct horse battery staple"
BORG = """#!/bin/sh
exec > "$BORG_BASE_DIR/said"
echo "passphrase: $(cat <&9)"
echo "input: $(cat)"
echo "place: $(pwd)"
echo "rsh: $BORG_RSH"
exit 7
"""

# It does with its last arguments what Borg does with `--content-from-command`.
STREAMING_BORG = """#!/bin/sh
while [ "$1" != /bin/sh ]; do shift; done
"$@" > "$BORG_BASE_DIR/said"
"""


def workplace(folder: Path) -> Workplace:
    return Workplace(
        folder=str(folder / "it's run"),
        base=str(folder),
        path=f"{folder}:/usr/bin:/bin",
        borg="1.4.5",
        ssh="",
        tools=frozenset(),
    )


def channel() -> Channel:
    return Channel(rsh="sh /x/rsh", files={}, ssh_options={}, end=lambda: None)


def heard(code: int, said: str = "") -> Heard:
    return Heard(code=code, last_error=said)


def test_the_shell_of_the_client_gives_borg_the_passphrase_on_descriptor_9_and_clears_up(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    (tmp_path / "it's run").mkdir()
    (tmp_path / "borg").write_text(BORG, encoding="utf-8")
    (tmp_path / "borg").chmod(0o700)

    command = remote_command(what_is_asked(PLAN), place, channel())
    ended = subprocess.run(("/bin/sh", "-c", command), input=CANARY.encode(), timeout=60, check=False)

    assert CANARY not in command
    assert ended.returncode == 7
    assert (tmp_path / "said").read_text(encoding="utf-8").splitlines() == [
        f"passphrase: {CANARY}",
        "input: ",
        "place: /",
        "rsh: sh /x/rsh",
    ]
    assert not (tmp_path / "it's run").exists()


@pytest.mark.parametrize("method", ["socat", "ssh-agent", "remote-forward"])
def test_the_command_of_a_stream_reaches_the_client_as_a_file_and_never_as_an_argument(
    tmp_path: Path, method: str
) -> None:
    place = workplace(tmp_path)
    (tmp_path / "it's run").mkdir()
    secret = f"echo '{CANARY}'\n"
    asked = what_is_asked(replace(PLAN, method=method, paths=(), stream_command=secret, stream_name="dump.sql"))
    for name, text in asked.told.items():
        (tmp_path / "it's run" / name).write_text(text, encoding="utf-8")
    (tmp_path / "borg").write_text(STREAMING_BORG, encoding="utf-8")
    (tmp_path / "borg").chmod(0o700)

    command = remote_command(asked, place, channel())
    ended = subprocess.run(("/bin/sh", "-c", command), stdin=subprocess.DEVNULL, timeout=60, check=False)

    assert list(asked.told.values()) == [secret]
    assert CANARY not in command
    assert ended.returncode == 0
    assert (tmp_path / "said").read_text(encoding="utf-8") == f"{CANARY}\n"
    assert not (tmp_path / "it's run").exists()


def test_only_the_first_session_is_served_and_it_cannot_ask_for_more() -> None:
    script = serve_script(PLAN)

    gate, *rest = [line for line in script.splitlines() if not line.startswith("#")]
    assert gate.startswith("mkdir ")
    assert gate.endswith("exit 1; }")
    assert "unset SSH_ORIGINAL_COMMAND" in rest
    assert rest[-1].startswith("exec borg serve --append-only --restrict-to-repository /.borgpull/repository ")


def test_what_belongs_to_one_client_is_never_swept_away_for_another() -> None:
    tags = {tag(PLAN), tag(replace(PLAN, client="web2")), tag(replace(PLAN, appliance_id="other"))}

    assert len(tags) == 3
    assert tag(replace(PLAN, run_id="r2")) == tag(PLAN)


@pytest.mark.parametrize("code", [0, 1, 2, 100, 107, 130])
def test_borgs_own_exit_codes_are_borgs(code: int) -> None:
    assert ssh_failure(PLAN, heard(code, "Permission denied")) is None


@pytest.mark.parametrize(
    ("code", "said", "reason", "words"),
    [
        (127, "borg: not found", Reason.CLIENT_TOOLS, "Borg could not be started on web1 (borg: not found)"),
        (126, "", Reason.CLIENT_TOOLS, "(exit 126)"),
        (255, "", Reason.CONNECTION_LOST, "(ssh says: nothing)"),
        (255, "client_loop: send disconnect: Broken pipe", Reason.CONNECTION_LOST, "nothing was kept"),
        (
            255,
            "Error: remote port forwarding failed for listen path /root/.cache/borgpull/run/x/borg.sock",
            Reason.FORWARDING,
            "AllowStreamLocalForwarding",
        ),
        (255, "Error: remote port forwarding failed for listen port 4711", Reason.FORWARDING, "AllowTcpForwarding"),
        (255, "Host key verification failed.", Reason.HOST_KEY, "shows another host key"),
        (255, "root@web1: Permission denied (publickey).", Reason.AUTH, "refuses the key"),
    ],
)
def test_what_ssh_or_the_clients_shell_failed_at_gets_its_own_reason(
    code: int, said: str, reason: Reason, words: str
) -> None:
    failure = ssh_failure(PLAN, heard(code, said))

    assert failure is not None
    assert (failure.reason, failure.code) == (reason, code)
    assert words in failure.message
