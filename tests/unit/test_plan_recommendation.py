"""Which method is recommended to whom, and why not another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.config.model import Reach
from appliance.plan.offer import Offer
from appliance.plan.recommendation import Recommendation, recommend

PLAIN = Offer(server="SSH-2.0-OpenSSH_10.0", sftp_trouble="", commands=False)
WITH_BORG = Offer(
    server="SSH-2.0-OpenSSH_10.0",
    sftp_trouble="no SFTP (Subsystem)",
    commands=True,
    borg="borg 1.4.0",
    tools=frozenset({"borg", "socat", "ssh"}),
)


def why(told: Recommendation, method: str) -> str:
    return next(one.reason for one in told.others if one.method == method)


def test_sftp_is_enough_and_trusts_the_client_least() -> None:
    told = recommend(PLAIN, Reach.DIRECT)

    assert told.method == "sshfs"
    assert "nothing has to be installed" in told.reason
    assert "no Borg in sight" in why(told, "socat")


def test_borg_on_the_client_is_offered_beside_sftp_with_its_price() -> None:
    told = recommend(replace(WITH_BORG, sftp_trouble=""), Reach.DIRECT)

    assert told.method == "sshfs"
    assert why(told, "socat").startswith("Borg 1.4.0 is there: keeps hard links")
    assert "knows its passphrase" in why(told, "socat")


def test_without_sftp_borg_on_the_client_is_the_way() -> None:
    told = recommend(WITH_BORG, Reach.DIRECT)

    assert told.method == "socat"
    assert why(told, "sshfs") == "no SFTP (Subsystem)"


@pytest.mark.parametrize("changed", [{"server": "SSH-2.0-dropbear_2024"}, {"tools": frozenset({"borg", "ssh", "nc"})}])
def test_without_sockets_or_a_relay_a_port_is_forwarded(changed: dict[str, object]) -> None:
    assert recommend(replace(WITH_BORG, **changed), Reach.DIRECT).method == "remote-forward"  # type: ignore[arg-type]


def test_who_dials_in_cannot_call_as_well() -> None:
    assert "past its own tunnel" in why(recommend(WITH_BORG, Reach.DIAL_IN), "ssh-agent")


def test_a_borg_that_will_not_do_is_told_by_its_version() -> None:
    told = recommend(replace(WITH_BORG, borg_trouble="Borg 2.0.0b1 is there: too new"), Reach.DIRECT)

    assert told.method is None
    assert "turn SFTP on" in told.reason
    assert why(told, "socat") == "Borg 2.0.0b1 is there: too new"


def test_a_borg_seen_by_name_alone_could_be_used_with_another_line() -> None:
    told = recommend(replace(PLAIN, tools=frozenset({"borg"})), Reach.DIRECT)

    assert "the key runs no command now" in why(told, "remote-forward")
