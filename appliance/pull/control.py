"""The control connection (fabric) to a client: pinned host key, one key, SFTP as data. Raises Failure."""

from __future__ import annotations

import socket
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paramiko
from fabric import Config, Connection

from appliance.plan import places
from appliance.pull.failure import Failure
from appliance.pull.names import LARGEST_BYTES
from appliance.pull.scripts import run_script
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.execute import Finished


# Paramiko's words where nobody refused anything: the connection went away or silent in the middle of the login.
_NO_REFUSAL = ("transport shut down", "Authentication timeout")


class _RefuseStrangers(paramiko.MissingHostKeyPolicy):
    """No key is ever learned on the way: what is not pinned is refused."""

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan

    def missing_host_key(self, _client: paramiko.SSHClient, _hostname: str, key: paramiko.PKey) -> None:
        raise _changed(self._plan, key)


class Control:
    """A connection that is open: commands and SFTP on the client, all of their answers data and bounded."""

    def __init__(self, connection: Connection, plan: RunPlan) -> None:
        self._connection = connection
        self._plan = plan
        self._sftp: paramiko.SFTPClient | None = None

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as is known here."""
        return bool(self._connection.is_connected)

    def read_small(self, path: str) -> str | None:
        """Read a text file of the client by SFTP; None when it is not there or not a plain file.

        At most LARGEST_BYTES. Raises Failure where the client offers no SFTP, or is lost.
        """
        try:
            if self._sftp is None:
                self._sftp = _sftp(self._connection, self._plan)
            if not stat.S_ISREG(self._sftp.stat(path).st_mode or 0):
                return None
            with self._sftp.open(path, "rb") as file:
                return file.read(LARGEST_BYTES).decode("utf-8", "replace")
        except (TimeoutError, EOFError, paramiko.SSHException) as error:
            # Silence is no answer: an archive without names must not come of it.
            raise _lost(self._plan, error) from error
        except OSError as error:
            if not self.is_open:
                raise _lost(self._plan, error) from error
            return None

    def run(self, script: str, *, timeout_seconds: float) -> Finished:
        """Run a script by the client's /bin/sh, given on its standard input, and keep the end of what it printed.

        The code is -9 when the time is over: then the connection is closed, and with it the script's streams.
        Raises Failure when the client's sshd lets no command run.
        """
        try:
            return run_script(self._connection, script, timeout_seconds=timeout_seconds)
        except paramiko.ChannelException as error:
            raise Failure(Reason.AUTH, NO_COMMANDS.format(self._plan.host, self._plan.client)) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise _lost(self._plan, error) from error


NO_COMMANDS = (
    "{0} lets this key run no command, which the method (or a hook) needs; `borgpull client setup {1}` prints the line "
    "for its authorized_keys."
)


@contextmanager
def connected(plan: RunPlan) -> Iterator[Control]:
    """Connect and check the host key; a connection that is lost within the block fails too."""
    connection = Connection(
        host=plan.host,
        user=plan.user,
        port=plan.port,
        connect_timeout=min(20, plan.connection_timeout),
        config=Config(overrides={"load_ssh_configs": False}),
        connect_kwargs={
            "pkey": _private_key(),
            "look_for_keys": False,
            "allow_agent": False,
            "banner_timeout": plan.connection_timeout,
            "auth_timeout": plan.connection_timeout,
        },
    )
    client: paramiko.SSHClient = connection.client
    client.set_missing_host_key_policy(_RefuseStrangers(plan))
    _pin(client, plan)
    try:
        _open(connection, plan)
        # Borg may run for hours before this connection is used again; a router forgets a silent one.
        connection.transport.set_keepalive(max(1, plan.connection_timeout // 3))
        yield Control(connection, plan)
        if not connection.is_connected:
            raise _lost(plan, EOFError("it was closed from the other side"))
    except (paramiko.SSHException, EOFError, TimeoutError) as error:
        raise _lost(plan, error) from error
    finally:
        connection.close()


def _private_key() -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(str(places.KEY))
    except (OSError, paramiko.SSHException, ValueError) as error:
        raise Failure(Reason.AUTH, f"The client's private key cannot be read: {error}.") from error


def _pin(client: paramiko.SSHClient, plan: RunPlan) -> None:
    # The file names the client, not the host, so that an address may change; paramiko looks up the address.
    wanted = plan.host if plan.port == paramiko.config.SSH_PORT else f"[{plan.host}]:{plan.port}"
    pinned: Mapping[str, paramiko.PKey] = paramiko.HostKeys(str(places.KNOWN_HOSTS)).lookup(plan.client) or {}
    for kind, key in pinned.items():
        client.get_host_keys().add(wanted, kind, key)


def _open(connection: Connection, plan: RunPlan) -> None:
    place = f"{plan.host}:{plan.port}"
    try:
        connection.open()
    except paramiko.BadHostKeyException as error:
        raise _changed(plan, error.key) from error
    except paramiko.AuthenticationException as error:
        if any(words in str(error) for words in _NO_REFUSAL):
            raise _unreachable(place, f"the connection broke off during the login, {error}") from error
        raise Failure(
            Reason.AUTH,
            f"{place} refuses the key for user {plan.user}; `borgpull client setup {plan.client}` prints the line for "
            "its authorized_keys.",
        ) from error
    except socket.gaierror as error:
        raise Failure(
            Reason.UNREACHABLE,
            f"The name {plan.host} cannot be resolved ({error.strerror}): is the machine on, and does the appliance's "
            "DNS know it?",
        ) from error
    except (OSError, EOFError) as error:
        raise _unreachable(place, _why(error)) from error
    except paramiko.SSHException as error:
        # Paramiko's own words for "nothing came in time" mislead.
        said = "it takes the connection and stays silent" if str(error) == "No existing session" else str(error)
        raise _unreachable(place, f"it does not answer as an SSH server: {said}") from error


def _sftp(connection: Connection, plan: RunPlan) -> paramiko.SFTPClient:
    try:
        sftp: paramiko.SFTPClient = connection.sftp()
        sftp.get_channel().settimeout(plan.connection_timeout)  # type: ignore[union-attr]
        sftp.stat("/")
    except (paramiko.SSHException, EOFError, OSError) as error:
        if isinstance(error, TimeoutError) or not connection.is_connected:
            raise _lost(plan, error) from error
        raise Failure(
            Reason.NO_SFTP,
            f"{plan.host} lets user {plan.user} in, but offers no SFTP ({_why(error)}); "
            "it needs `Subsystem sftp` in its sshd_config.",
        ) from error
    return sftp


def _unreachable(place: str, why: str) -> Failure:
    return Failure(Reason.UNREACHABLE, f"{place} cannot be reached ({why}): is the machine on, and does sshd listen?")


def _lost(plan: RunPlan, error: BaseException) -> Failure:
    sentence = f"The connection to {plan.host} broke right after the login ({_why(error)}); nothing was kept."
    return Failure(Reason.CONNECTION_LOST, sentence)


def _changed(plan: RunPlan, key: paramiko.PKey) -> Failure:
    return Failure(
        Reason.HOST_KEY,
        f"The host key of {plan.host} is not the pinned one (it shows {key.get_name()} {key.fingerprint}). "
        f"Either the machine was set up anew or somebody stands in between; nothing was sent. If it is right, "
        f"run `borgpull client trust {plan.client} --replace`.",
    )


def _why(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return str(error) or "it closed the connection"
    errors = getattr(error, "errors", None)
    first = next(iter(errors.values())) if isinstance(errors, dict) and errors else error
    return getattr(first, "strerror", None) or str(first) or type(first).__name__
