"""Method `ssh-agent`: the client calls our sshd at `callback`, with a key that stays in an agent here."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.config.logins import Endpoint
from appliance.plan import places
from appliance.pull.failure import Failure
from appliance.pull.methods import way_back
from appliance.pull.methods.agent import agent, can_be_bound
from appliance.pull.methods.channel import Channel
from appliance.pull.methods.key_pair import made_key_pair, read_key_pair
from appliance.pull.methods.sshd import own_sshd
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.methods.sshd import Sshd
    from appliance.pull.methods.workplace import Workplace
    from appliance.pull.voice import Voice
    from appliance.pull.watch import Heard

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - the engine publishes it; only this run's key opens it
# Borg's codes end at 99 below the warnings; the shell of the client says this before it starts Borg.
_NO_AGENT = 98
_INSIST_ON_AGENT = f'[ -S "$SSH_AUTH_SOCK" ] || exit {_NO_AGENT}'


@contextmanager
def ssh_agent(plan: RunPlan, workplace: Workplace, voice: Voice) -> Iterator[Channel]:
    """Open an sshd that the engine publishes, and an agent that holds the key for it. Raises Failure."""
    way_back.insist_on_openssh(plan, workplace)
    bound = can_be_bound(workplace.ssh)
    if not bound:
        voice.note(
            f"{plan.client} has {workplace.ssh.split(',')[0]}: only from OpenSSH 8.9 on can the agent's key be held to "
            "one way, so whoever is root there could use it, for this run's sshd alone, while the run lasts",
            "warning",
        )
    key = read_key_pair(Path(places.AGENT_KEY)) if plan.dedicated_key else made_key_pair("run_key")
    with (
        own_sshd(plan, address=_EVERYWHERE, port=places.CALLBACK_PORT, user_key=key.public) as sshd,
        agent(plan, key, host_key=sshd.host_key, bound=bound),
    ):
        if not plan.dedicated_key:
            key.private.unlink()
        yield Channel(
            rsh=way_back.rsh(workplace),
            files=_files(plan, workplace, key.public, sshd.host_key),
            # Without a `more` for the forwardings: of those there are none.
            # An agent that ssh may not ask itself it does not forward either; of this one's keys it offers none there.
            ssh_options={
                "ForwardAgent": places.AGENT_SOCKET,
                "IdentityAgent": places.AGENT_SOCKET,
                "ClearAllForwardings": "yes",
            },
            end=sshd.end,
            checks=(_INSIST_ON_AGENT,),
            explain=partial(_explained, plan, sshd),
        )


def _files(plan: RunPlan, workplace: Workplace, public_key: str, host_key: str) -> dict[str, str]:
    callback = _callback(plan)
    options = {
        "HostName": callback.host,
        "Port": callback.port,
        # The public key alone: of all the keys that an agent may have, this one is asked for.
        "IdentityFile": f"{workplace.folder}/key.pub",
        "IdentityAgent": "SSH_AUTH_SOCK",
    }
    return {**way_back.files(plan, workplace, options, host_key), "key.pub": f"{public_key}\n"}


def _explained(plan: RunPlan, sshd: Sshd, heard: Heard) -> Failure | None:
    if heard.code == _NO_AGENT:
        return Failure(
            Reason.FORWARDING,
            f"The sshd of {plan.client} refuses to forward an agent, which method ssh-agent needs: allow it in "
            f"sshd_config (AllowAgentForwarding, DisableForwarding) and in the key's line "
            f"(`borgpull client setup {plan.client}`).",
            code=heard.code,
        )
    said = way_back.never_arrived(heard)
    if said is None or sshd.log.let_in:
        return None
    callback = _callback(plan)
    if sshd.log.was_reached:
        sentence = f"{plan.client} reached {callback} and could not log in there; another machine may answer for it"
    else:
        sentence = (
            f"{plan.client} cannot reach {callback}, the `callback` of this server: is it the Docker host's address "
            "as the client sees it, and does every firewall on the way let that port through"
        )
    return Failure(Reason.CALLBACK, f"{sentence} (ssh there says: {said}).", code=heard.code)


def _callback(plan: RunPlan) -> Endpoint:
    if plan.callback is None:
        raise Failure(Reason.INTERNAL, f"The plan of {plan.client} has no callback.")
    return Endpoint(plan.callback.host, plan.callback.port)
