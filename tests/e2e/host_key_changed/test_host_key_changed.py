"""The promise: a changed host key ends the run before anything is sent, until the operator replaces the pin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


def test_a_changed_host_key_is_refused_until_it_is_replaced_on_purpose(troubled: TroubledClient) -> None:
    old = _fingerprint(troubled)
    troubled.machine.change_host_keys()
    new = _fingerprint(troubled)
    assert old != new

    troubled.assert_failed(
        troubled.run(), "host_key", "is not the pinned one", "borgpull client trust troubled --replace"
    )

    refused = troubled.appliance.borgpull("client", "trust", "troubled", "--yes", check=False)
    assert refused.returncode == 3
    said = refused.stdout + refused.stderr
    assert old in said
    assert new in said
    assert "borgpull client trust troubled --replace" in " ".join(said.split())

    troubled.appliance.borgpull("client", "trust", "troubled", "--replace", "--yes")
    troubled.recovers()


def _fingerprint(troubled: TroubledClient) -> str:
    shown = troubled.machine.exec("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").stdout
    return shown.split()[1]
