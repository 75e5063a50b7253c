"""The promise: a machine that refuses the key is told so, with the command that prints the line it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


def test_a_refused_key_is_told_with_the_way_to_install_it(troubled: TroubledClient) -> None:
    troubled.machine.forget_keys()

    troubled.assert_failed(
        troubled.run(), "auth", "refuses the key", "user root", "borgpull client setup troubled", "authorized_keys"
    )

    troubled.machine.authorize(troubled.appliance.borgpull("client", "setup", "troubled", "--key-line").stdout)
    troubled.recovers()
