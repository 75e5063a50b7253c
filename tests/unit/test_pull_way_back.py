"""What the client's ssh is given for its way back, who our own sshd lets in, and what is said when nobody arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.borg.output import LogMessage
from appliance.plan.run_plan import Hop, RunPlan
from appliance.pull.failure import Failure
from appliance.pull.methods import serve, way_back
from appliance.pull.methods.agent import add_command, can_be_bound
from appliance.pull.methods.key_pair import KeyPair
from appliance.pull.methods.sshd import authorized_key, sshd_config
from appliance.pull.methods.workplace import Workplace
from appliance.pull.watch import Heard
from appliance.record import Reason

PLAN = RunPlan(
    run_id="r1",
    client="web1",
    operation="create",
    appliance_id="app",
    method="ssh-agent",
    names="client",
    host="web1.lan",
    user="root",
    paths=("/etc",),
    timeout=7200,
    callback=Hop(host="nas.lan", port=2222),
)
PLACE = Workplace(
    folder="/root/.cache/borgpull/run/tag.one",
    base="/root/.cache/borgpull",
    path="/usr/bin:/bin",
    borg="1.4.0",
    ssh="OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19 27 Jan 2026",
    tools=frozenset({"ssh"}),
)
KEY = KeyPair(private=Path("/run/borgpull/run_key"), public="ssh-ed25519 AAAA")


def lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines()}


# ---- our sshd ----


def test_the_sshd_of_a_run_lets_one_user_do_one_thing() -> None:
    config = sshd_config(PLAN, KEY, address="127.0.0.1", port=40000)

    assert {
        "ListenAddress 127.0.0.1",
        "Port 40000",
        "AllowUsers borgpull",
        "AuthenticationMethods publickey",
        "PasswordAuthentication no",
        "DisableForwarding yes",
        "PermitTTY no",
        "PermitUserRC no",
        "PermitUserEnvironment no",
        "MaxSessions 1",
        "UsePAM no",
    } <= lines(config)
    assert "AcceptEnv" not in config
    assert "Subsystem" not in config


def test_the_tries_of_others_do_not_lock_the_right_one_out() -> None:
    assert "PerSourcePenalties no" in lines(sshd_config(PLAN, KEY, address="0.0.0.0", port=2222))  # noqa: S104


def test_the_key_of_a_run_opens_the_script_that_serves_once() -> None:
    assert authorized_key("ssh-ed25519 AAAA") == ('restrict,command="/bin/sh /run/borgpull/serve" ssh-ed25519 AAAA\n')


def test_no_word_of_the_client_reaches_borg_serve() -> None:
    script = serve.serve_script(PLAN).splitlines()

    assert script.index("unset SSH_ORIGINAL_COMMAND") < len(script) - 1
    assert script[-1].startswith("exec borg serve --append-only --restrict-to-repository /.borgpull/repository")
    assert script[1].startswith("mkdir /run/borgpull/session ")


# ---- the client's ssh ----


def test_the_way_back_is_pinned_and_reads_no_file_of_the_users() -> None:
    files = way_back.files(PLAN, PLACE, {"HostName": "localhost", "Port": 41000}, "ssh-ed25519 BBBB")

    assert files["known_hosts"] == "borgpull ssh-ed25519 BBBB\n"
    assert {
        "Host borgpull",
        "HostName localhost",
        "Port 41000",
        "User borgpull",
        "HostKeyAlias borgpull",
        f"UserKnownHostsFile {PLACE.folder}/known_hosts",
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking yes",
        "IdentitiesOnly yes",
        "BatchMode yes",
        "ForwardAgent no",
    } <= lines(files["config"])
    assert way_back.rsh(PLACE) == f"ssh -F {PLACE.folder}/config"


@pytest.mark.parametrize(
    ("tools", "version", "found"),
    [
        (frozenset({"socat"}), "sh: 1: ssh: not found", "there is no ssh"),
        (frozenset({"ssh"}), "Dropbear v2024.86", "its ssh is 'Dropbear v2024.86'"),
    ],
)
def test_another_ssh_than_openssh_is_refused_with_a_way_out(tools: frozenset[str], version: str, found: str) -> None:
    place = Workplace(folder="/f", base="/b", path="/bin", borg="1.4.0", ssh=version, tools=tools)

    with pytest.raises(Failure, match='method = "socat"') as caught:
        way_back.insist_on_openssh(PLAN, place)

    assert caught.value.reason is Reason.CLIENT_TOOLS
    assert found in caught.value.message


# ---- the agent ----


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("OpenSSH_8.9p1 Ubuntu-3, OpenSSL 3.0.2", True),
        ("OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19 27 Jan 2026", True),
        ("OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.1", True),
        ("OpenSSH_8.4p1 Debian-5+deb11u3, OpenSSL 1.1.1w", False),
        ("OpenSSH_7.4p1, OpenSSL 1.0.2k-fips", False),
        ("Dropbear v2024.86", False),
        ("", False),
    ],
)
def test_a_key_is_bound_to_its_way_where_the_client_tells_the_agent_of_it(version: str, expected: bool) -> None:  # noqa: FBT001
    assert can_be_bound(version) is expected


def test_a_bound_key_may_go_through_the_client_and_to_us_alone_while_the_run_lasts() -> None:
    command = add_command(PLAN, KEY, bound=True)

    assert command[:4] == ("ssh-add", "-q", "-t", "7200")
    constraints = [command[place + 1] for place, word in enumerate(command) if word == "-h"]
    assert constraints == ["web1", "web1>borgpull@callback/borgpull"]
    assert command[-1] == str(KEY.private)


def test_a_key_for_an_old_client_has_a_lifetime_all_the_same() -> None:
    assert add_command(PLAN, KEY, bound=False) == ("ssh-add", "-q", "-t", "7200", str(KEY.private))


# ---- what is said when nobody arrives ----


def heard(code: int, *messages: str) -> Heard:
    said = [LogMessage(level="ERROR", message=message) for message in messages]
    return Heard(code=code, warnings=said, last_error=messages[-1] if messages else "")


@pytest.mark.parametrize("code", [2, 80, 81])
def test_of_an_ssh_that_does_not_arrive_its_own_words_are_kept(code: int) -> None:
    trouble = heard(
        code,
        "Remote: ssh: connect to host nas.lan port 2222: Connection refused",
        "Connection closed by remote host. Is borg working on the server?",
    )

    assert way_back.never_arrived(trouble) == "ssh: connect to host nas.lan port 2222: Connection refused"


def test_an_ssh_that_says_nothing_is_told_too() -> None:
    assert way_back.never_arrived(heard(2, "Connection closed by remote host")) == "nothing"


@pytest.mark.parametrize(
    "other", [heard(0), heard(1, "file changed"), heard(105, "/etc/shadow: Permission denied"), heard(2, "bad option")]
)
def test_another_trouble_than_that_of_the_way_is_left_to_others(other: Heard) -> None:
    assert way_back.never_arrived(other) is None
