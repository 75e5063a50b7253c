"""The promise: a machine that lets us in but offers no SFTP is told what its sshd lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient

_SUBSYSTEM = "s|^#*\\(Subsystem.*sftp.*\\)|{}\\1|"


def test_a_machine_without_sftp_is_told_what_to_add(troubled: TroubledClient) -> None:
    _reconfigure(troubled, _SUBSYSTEM.format("#"))
    try:
        run = troubled.run()
    finally:
        _reconfigure(troubled, _SUBSYSTEM.format(""))

    troubled.assert_failed(run, "no_sftp", troubled.proxy.host, "root", "offers no SFTP", "Subsystem sftp")
    troubled.recovers()


def _reconfigure(troubled: TroubledClient, change: str) -> None:
    reload = f"sed -i '{change}' /etc/ssh/sshd_config && kill -HUP \"$(cat /run/sshd.pid)\""
    troubled.machine.exec("sh", "-c", reload)
    troubled.machine.wait_until_up()
