"""The host keys that a machine shows to anybody who asks, on the network or behind machines that are trusted already.

Nothing is trusted by this, and nothing is sent to the machine but the beginning of a conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg import output
from appliance.pull import execute
from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fabric import Connection

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.login import Stop

_SCAN_SECONDS = 10
_FIELDS = 3
_KEY_TYPES = "ed25519,ecdsa,rsa"
# The same kinds in the words of the protocol; whoever offers an RSA key signs with either of the two.
_KINDS = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256"),
)

HostKeys = list[tuple[str, str]]


def shown(plan: RunPlan, passed: int) -> HostKeys:
    """Return the kinds and keys of the machine that lies behind so many hops; raises Failure."""
    if passed == 0:
        host, port = (plan.jump[0].host, plan.jump[0].port) if plan.jump else (plan.host, plan.port)
        return _shown_on_the_network(host, port)
    return _shown_behind_hops(plan, passed)


def _shown_on_the_network(host: str, port: int) -> HostKeys:
    argv = ("ssh-keyscan", "-T", str(_SCAN_SECONDS), "-p", str(port), "-t", _KEY_TYPES, "--", host)
    scanned = execute.run(argv, {"PATH": "/usr/bin:/bin"}, timeout_seconds=_SCAN_SECONDS * 4)
    lines = [line.split() for line in scanned.stdout.splitlines() if not line.startswith("#")]
    keys = [fields for fields in lines if len(fields) == _FIELDS]
    if not keys:
        said = output.read_line(scanned.stderr.splitlines()[-1]) if scanned.stderr.strip() else None
        raise _silent(f"{host}:{port}", said.message if isinstance(said, output.LogMessage) else "no answer")
    return [(kind, key) for _, kind, key in keys]


def _shown_behind_hops(plan: RunPlan, passed: int) -> HostKeys:
    # ssh-keyscan knows no way through another machine. Paramiko takes 0.4 s to import; most scans do not need it.
    from appliance.pull.hops import at_the_last  # noqa: PLC0415
    from appliance.pull.login import stops  # noqa: PLC0415

    *hops, machine = stops(plan)[: passed + 1]
    with at_the_last(hops) as connection:
        keys = [key for kinds in _KINDS for key in _shown_in_a_handshake(connection, hops[-1], machine, kinds)]
    if not keys:
        raise _silent(f"{machine.place} (seen from {hops[-1].host})", "no answer")
    return keys


def _shown_in_a_handshake(
    connection: Connection, hop: Stop, machine: Stop, kinds: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Begin a conversation in which only these kinds will do, and end it before any login."""
    import paramiko  # noqa: PLC0415

    from appliance.pull.hops import through  # noqa: PLC0415

    channel = through(connection, hop, machine)
    transport = paramiko.Transport(channel)
    try:
        transport.get_security_options().key_types = kinds
        transport.start_client(timeout=_SCAN_SECONDS)
        key = transport.get_remote_server_key()
        yield key.get_name(), key.get_base64()
    except (paramiko.SSHException, EOFError, OSError):
        # It has no key of these kinds. A machine that has none at all, or is silent, is told apart by the caller.
        return
    finally:
        transport.close()


def _silent(place: str, why: str) -> Failure:
    return Failure(Reason.UNREACHABLE, f"{place} shows no SSH host key ({why}).")
