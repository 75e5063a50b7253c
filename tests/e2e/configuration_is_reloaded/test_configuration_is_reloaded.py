"""The promise: a file dropped in becomes a client within seconds, and a wrong one leaves the old ones in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest

_CLIENT = 'host = "web.lan"\npaths = ["/"]\n'
_FILE = "/config/clients.d/web.toml"
_SECONDS = 60


def _metrics(appliance: ApplianceUnderTest) -> str:
    status, text = appliance.get("/metrics")
    assert status == 200
    return text


def _wait_for_metric(appliance: ApplianceUnderTest, line: str) -> None:
    wait_for(lambda: line in _metrics(appliance).splitlines(), within=_SECONDS, what=line)


def test_a_client_comes_and_goes_with_its_file(shared_appliance: ApplianceUnderTest) -> None:
    appliance = shared_appliance
    _wait_for_metric(appliance, "borgpull_clients_configured 0.0")

    appliance.write_config(_CLIENT, _FILE)

    _wait_for_metric(appliance, "borgpull_clients_configured 1.0")
    assert 'client="web"' in _metrics(appliance)
    assert appliance.status("web")["state"] == "never"
    # It waits for its key and pin, which is no failure.
    assert appliance.json("history", "web") == []
    appliance.shell(f"rm {_FILE}")
    _wait_for_metric(appliance, "borgpull_clients_configured 0.0")
    assert 'client="web"' not in _metrics(appliance)


def test_a_wrong_file_leaves_the_old_configuration_in_force_and_is_told(shared_appliance: ApplianceUnderTest) -> None:
    appliance = shared_appliance
    appliance.write_config(_CLIENT, _FILE)
    _wait_for_metric(appliance, "borgpull_clients_configured 1.0")

    appliance.write_config('host = "mail.lan"\npaths = ["/"]\nmetod = "sshfs"\n', "/config/clients.d/mail.toml")

    _wait_for_metric(appliance, "borgpull_config_last_reload_successful 0.0")
    assert "borgpull_clients_configured 1.0" in _metrics(appliance)
    assert 'client="web"' in _metrics(appliance)
    told = " ".join(appliance.borgpull("status").stdout.split())
    assert "The configuration is wrong; the last good one stays in force" in told
    assert "clients.d/mail.toml: metod:" in told
    assert "the last good configuration stays in force" in appliance.log()
    assert appliance.get("/healthz")[0] == 200

    appliance.shell("rm /config/clients.d/mail.toml")
    _wait_for_metric(appliance, "borgpull_config_last_reload_successful 1.0")
    assert "is wrong" not in appliance.borgpull("status").stdout
