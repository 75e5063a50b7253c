"""S5: passphrase and private key are in their files and in descriptors, and nowhere that anybody else looks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker
from tests.e2e.harness.processes import processes, processes_in_full_swing
from tests.e2e.harness.slow import pulled_slowly

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

ROLES = frozenset({"init", "warden", "controller", "ssh", "file system", "borg"})


def test_no_secret_is_seen_outside_its_own_file(shared: Shared) -> None:
    appliance = shared.appliance
    seen: dict[str, str] = {}

    with pulled_slowly(appliance, "discreet", shared.machine("trixie")) as container:
        pulling = processes_in_full_swing(shared.lab, container, ROLES)
        for process in (*pulling, *processes(shared.lab, appliance.supervisor)):
            seen[f"words of {process.role}"] = process.words
            seen[f"environment of {process.role}"] = process.environment
        for name in (container, appliance.supervisor):
            seen[f"inspect of {name}"] = docker("inspect", name).stdout
            logs = docker("logs", name)
            seen[f"logs of {name}"] = logs.stdout + logs.stderr
        seen["plan"] = appliance.read("/state/runs/discreet/plan.json")
        seen["status"] = appliance.borgpull("status", "--json").stdout
    seen["history"] = appliance.borgpull("history", "discreet", "--json").stdout
    seen["kept log"] = appliance.shell("cat /state/logs/discreet/*").stdout
    seen["shown log"] = appliance.borgpull("logs", "discreet").stdout
    seen["metrics"] = appliance.get("/metrics")[1]
    seen["logs of the supervisor"] = appliance.log()
    seen["journal"] = appliance.shell("cat /state/journal.sqlite*").stdout
    seen["configuration"] = appliance.borgpull("config", "show").stdout
    stored = appliance.shell("find /config /state -type f -exec cat {} +").stdout

    passphrase = appliance.read("/config/secrets/discreet/passphrase").strip()
    key = [line for line in appliance.read("/config/keys/discreet/id_ed25519").splitlines() if "-" not in line]
    # The first line of every such key is the same.
    secrets = (passphrase, *key[1:])
    assert len(passphrase) > 40
    assert len(secrets) > 2
    looked_at = ("plan", "status", "history", "kept log", "shown log", "metrics", "journal")
    # The look-up works: it finds the secrets where they are, and the client's name in what was looked at.
    assert all(secret in stored for secret in secrets)
    assert all("discreet" in seen[place] for place in looked_at)
    assert [place for place, text in seen.items() for secret in secrets if secret in text] == []
    assert [place for place, text in seen.items() if re.search("BEGIN OPENSSH PRIVATE", text)] == []


def test_secrets_are_for_their_user_alone(shared: Shared) -> None:
    appliance = shared.appliance
    appliance.add_client("closed", shared.machine("trixie"), "--path", "/srv/tree/odd")

    assert appliance.run("closed").returncode == 0

    places = "/config/secrets/closed/passphrase /config/keys/closed/id_ed25519 /repos/closed /state/cache/closed"
    modes = appliance.shell(f"stat --format '%a %u %n' {places}").stdout.splitlines()
    assert [line.split()[0] for line in modes] == ["600", "600", "700", "700"]
    assert {line.split()[1] for line in modes} == {"1000"}
