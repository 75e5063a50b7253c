"""One login over ssh with paramiko: pinned host key, one key; a Failure names the machine that it is about."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import paramiko
from fabric import Config, Connection

from appliance.plan import places
from appliance.pull.failure import Failure, restore_key_is_shut_out
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appliance.plan.run_plan import RunPlan

# Paramiko's words where nobody refused anything: the connection went away or silent in the middle of the login.
_NO_REFUSAL = ("transport shut down", "Authentication timeout")


class KeyRefused(Failure):
    """A machine is there and does not let the key in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A machine that this run logs in to. `hop` is 0 for the client itself, else its number on the way there."""

    client: str
    hop: int
    host: str
    port: int
    user: str
    patience_seconds: int
    key: str = str(places.KEY)
    known_hosts: str = str(places.KNOWN_HOSTS)

    @property
    def place(self) -> str:
        """Its address, for a sentence."""
        return f"{self.host}:{self.port}"

    @property
    def on_the_way(self) -> str:
        """How a sentence about it begins: nobody should look at the client when it is a hop that fails."""
        return f"On the way to {self.client}: " if self.hop else ""


def stops(plan: RunPlan) -> tuple[Stop, ...]:
    """Every machine that the run logs in to, in order; the client is the last one."""
    patience = plan.connection_timeout
    hops = (
        Stop(client=plan.machine, hop=number, host=hop.host, port=hop.port, user=hop.user, patience_seconds=patience)
        for number, hop in enumerate(plan.jump, 1)
    )
    client = Stop(
        client=plan.machine,
        hop=0,
        host=plan.host,
        port=plan.port,
        user=plan.user,
        patience_seconds=patience,
        key=str(places.RESTORE_KEY if plan.writes_on_the_client else places.KEY),
    )
    return (*hops, client)


@contextmanager
def logged_in(stop: Stop, way: paramiko.Channel | None) -> Iterator[Connection]:
    """Log in for as long as the block lasts, over `way` where it does not go straight there; raises Failure."""
    connection = Connection(
        host=stop.host,
        user=stop.user,
        port=stop.port,
        connect_timeout=min(20, stop.patience_seconds),
        config=Config(overrides={"load_ssh_configs": False}),
        connect_kwargs={
            "pkey": _private_key(stop),
            "look_for_keys": False,
            "allow_agent": False,
            "banner_timeout": stop.patience_seconds,
            "auth_timeout": stop.patience_seconds,
            **({} if way is None else {"sock": way}),
        },
    )
    client: paramiko.SSHClient = connection.client
    client.set_missing_host_key_policy(_RefuseStrangers(stop))
    _pin(client, stop)
    try:
        _open(connection, stop)
        # Borg may run for hours before this connection is used again; a router forgets a silent one.
        connection.transport.set_keepalive(max(1, stop.patience_seconds // 3))
        yield connection
    finally:
        connection.close()


def unreachable(stop: Stop, why: str, *, since: str = "") -> Failure:
    """The failure of a machine that does not answer; `since` says from where it was called."""
    sentence = f"{stop.place} cannot be reached{since} ({why}): is the machine on, and does sshd listen?"
    return Failure(Reason.UNREACHABLE, f"{stop.on_the_way}{sentence}")


def why(error: BaseException) -> str:
    """Say in a few words what an error of the network was."""
    if isinstance(error, EOFError):
        return str(error) or "it closed the connection"
    errors = getattr(error, "errors", None)
    first = next(iter(errors.values())) if isinstance(errors, dict) and errors else error
    return getattr(first, "strerror", None) or str(first) or type(first).__name__


class _RefuseStrangers(paramiko.MissingHostKeyPolicy):
    """No key is ever learned on the way: what is not pinned is refused."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def missing_host_key(self, _client: paramiko.SSHClient, _hostname: str, key: paramiko.PKey) -> None:
        raise _changed(self._stop, key)


def _private_key(stop: Stop) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(stop.key)
    except (OSError, paramiko.SSHException, ValueError) as error:
        raise Failure(Reason.AUTH, f"The client's private key cannot be read: {error}.") from error


def _pin(client: paramiko.SSHClient, stop: Stop) -> None:
    # The file names the client, not the host, so that an address may change; paramiko looks up the address.
    wanted = stop.host if stop.port == paramiko.config.SSH_PORT else f"[{stop.host}]:{stop.port}"
    alias = places.host_key_alias(stop.client, stop.hop)
    pinned: Mapping[str, paramiko.PKey] = paramiko.HostKeys(stop.known_hosts).lookup(alias) or {}
    for kind, key in pinned.items():
        client.get_host_keys().add(wanted, kind, key)


def _open(connection: Connection, stop: Stop) -> None:
    try:
        connection.open()
    except paramiko.BadHostKeyException as error:
        raise _changed(stop, error.key) from error
    except paramiko.AuthenticationException as error:
        if any(words in str(error) for words in _NO_REFUSAL):
            raise unreachable(stop, f"the connection broke off during the login, {error}") from error
        raise _refused(stop) from error
    except socket.gaierror as error:
        raise _unknown(stop, error) from error
    except (OSError, EOFError) as error:
        raise unreachable(stop, why(error)) from error
    except paramiko.SSHException as error:
        # Paramiko's own words for "nothing came in time" mislead.
        said = "it takes the connection and stays silent" if str(error) == "No existing session" else str(error)
        raise unreachable(stop, f"it does not answer as an SSH server: {said}") from error


def _refused(stop: Stop) -> Failure:
    if stop.key == str(places.RESTORE_KEY):
        return KeyRefused(Reason.RESTORE_KEY, restore_key_is_shut_out(stop.client, stop.place, stop.user))
    option = " --jump-lines" if stop.hop else ""
    sentence = (
        f"{stop.place} refuses the key for user {stop.user}; `borgpull client setup {stop.client}{option}` prints the "
        "line for its authorized_keys."
    )
    return KeyRefused(Reason.AUTH, f"{stop.on_the_way}{sentence}")


def _unknown(stop: Stop, error: socket.gaierror) -> Failure:
    sentence = (
        f"The name {stop.host} cannot be resolved ({error.strerror}): is the machine on, and does the appliance's DNS "
        "know it?"
    )
    return Failure(Reason.UNREACHABLE, f"{stop.on_the_way}{sentence}")


def _changed(stop: Stop, key: paramiko.PKey) -> Failure:
    sentence = (
        f"The host key of {stop.host} is not the pinned one (it shows {key.get_name()} {key.fingerprint}). "
        f"Either the machine was set up anew or somebody stands in between; nothing was sent. If it is right, "
        f"run `borgpull client trust {stop.client} --replace`."
    )
    return Failure(Reason.HOST_KEY, f"{stop.on_the_way}{sentence}")
