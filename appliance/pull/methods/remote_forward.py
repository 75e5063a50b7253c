"""Method `remote-forward`: the client logs in to our sshd through a port of its own, which ssh forwards to us."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from appliance.pull.failure import Failure
from appliance.pull.methods import way_back
from appliance.pull.methods.channel import Channel
from appliance.pull.methods.key_pair import made_key_pair
from appliance.pull.methods.sshd import own_sshd
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.control import Control
    from appliance.pull.methods.sshd import Sshd
    from appliance.pull.methods.workplace import Workplace
    from appliance.pull.watch import Heard

_LOOPBACK = "127.0.0.1"


@contextmanager
def remote_forward(plan: RunPlan, workplace: Workplace, control: Control) -> Iterator[Channel]:
    """Open an sshd here and find a free port there; the key that opens it lives for this run. Raises Failure."""
    way_back.insist_on_openssh(plan, workplace)
    port = control.free_port()
    key = made_key_pair("run_key")
    # Through the gateway several runs share one loopback, so this port is none that was agreed on.
    with own_sshd(plan, address=_LOOPBACK, port=_free_port_here(), user_key=key.public) as sshd:
        options = {
            "HostName": "localhost",
            "Port": port,
            "IdentityFile": f"{workplace.folder}/key",
            "IdentityAgent": "none",
        }
        files = way_back.files(plan, workplace, options, sshd.host_key)
        files["key"] = key.private.read_text("utf-8")
        key.private.unlink()
        yield Channel(
            rsh=way_back.rsh(workplace),
            files=files,
            ssh_options={
                "RemoteForward": f"localhost:{port} {_LOOPBACK}:{sshd.port}",
                "ExitOnForwardFailure": "yes",
            },
            end=sshd.end,
            explain=partial(_explained, plan, port, sshd),
        )


def _explained(plan: RunPlan, port: int, sshd: Sshd, heard: Heard) -> Failure | None:
    said = way_back.never_arrived(heard)
    if said is None or sshd.log.let_in:
        return None
    return Failure(
        Reason.FORWARDING,
        f"{plan.client} did not come back through its port {port}, which ssh should forward: its sshd refuses that, or "
        f"another program there took the port (ssh there says: {said}).",
        code=heard.code,
    )


def _free_port_here() -> int:
    with socket.socket() as asked:
        asked.bind((_LOOPBACK, 0))
        number: int = asked.getsockname()[1]
        return number
