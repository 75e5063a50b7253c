"""What a run would do where Borg runs on the client: the command there, what serves it here, and the way between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.borg.create import create_on_client
from appliance.borg.serve import serve
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.borg.command import Command
    from appliance.plan.run_plan import RunPlan

# Known only once the run has looked at the client: where its user keeps caches, and the run's own random folder.
BASE = "CACHE/borgpull"
FOLDER = f"{BASE}/run/RANDOM"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnClient:
    """The two ends of the way and the way itself, with CACHE and RANDOM for what only the run knows."""

    command: Command
    serve: Command
    way: str


def on_client(plan: RunPlan) -> OnClient:
    """Say it for a client-run method; raises ValueError for any other."""
    rsh = f"sh {FOLDER}/rsh" if plan.method == "socat" else f"ssh -F {FOLDER}/config"
    return OnClient(command=create_on_client(plan, base=BASE, rsh=rsh), serve=serve(plan), way=_way(plan))


def _way(plan: RunPlan) -> str:
    match plan.method:
        case "socat":
            return f"ssh makes the socket {FOLDER}/borg.sock on the client; here socat joins it to `borg serve`, once"
        case "ssh-agent" if plan.callback is not None:
            key = "the same key in each run" if plan.dedicated_key else "a key of this run"
            return (
                f"the client calls {plan.callback.host}:{plan.callback.port}, which leads to port "
                f"{places.CALLBACK_PORT} of this container while the run lasts; {key} stays in our agent, and "
                "opens `borg serve` alone"
            )
        case "remote-forward":
            return (
                "ssh makes a port on the client's localhost that leads to an sshd of this run here; a key of this run "
                "opens `borg serve` alone"
            )
        case method:
            raise ValueError(f"method {method} does not run Borg on the client")
