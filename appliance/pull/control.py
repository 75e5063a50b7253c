"""The control connection (fabric) to a client: pinned host key, one key, SFTP as data. Raises Failure."""

from __future__ import annotations

import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paramiko

from appliance.plan.run_plan import NEVER
from appliance.pull.failure import Failure
from appliance.pull.hops import at_the_last
from appliance.pull.login import stops, why
from appliance.pull.names import LARGEST_BYTES
from appliance.pull.patient_sftp import sftp_over
from appliance.pull.scripts import run_script
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fabric import Connection

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.execute import Finished


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

    @property
    def server(self) -> str:
        """What the client's sshd calls itself, such as `SSH-2.0-OpenSSH_10.0`."""
        return str(self._connection.transport.remote_version)

    def read_small(self, path: str) -> str | None:
        """Read a text file of the client by SFTP; None when it is not there or not a plain file.

        At most LARGEST_BYTES. Raises Failure where the client offers no SFTP, or is lost.
        """
        try:
            sftp = self.sftp()
            if not stat.S_ISREG(sftp.stat(path).st_mode or 0):
                return None
            with sftp.open(path, "rb") as file:
                return file.read(LARGEST_BYTES).decode("utf-8", "replace")
        except (TimeoutError, EOFError, paramiko.SSHException) as error:
            # Silence is no answer: an archive without names must not come of it.
            raise _lost(self._plan, error) from error
        except OSError as error:
            if not self.is_open:
                raise _lost(self._plan, error) from error
            return None

    def modified(self, path: str) -> float | None:
        """Return when a file of the client was last changed, in seconds since 1970; None where it does not tell.

        Raises Failure where the client offers no SFTP, or is lost.
        """
        try:
            found = self.sftp().stat(path).st_mtime
        except (TimeoutError, EOFError, paramiko.SSHException) as error:
            raise _lost(self._plan, error) from error
        except OSError as error:
            if not self.is_open:
                raise _lost(self._plan, error) from error
            return None
        return None if found is None else float(found)

    def sftp(self) -> paramiko.SFTPClient:
        """Return the client's SFTP, opened once; raises Failure where it offers none."""
        if self._sftp is None:
            self._sftp = _sftp(self._connection, self._plan)
        return self._sftp

    def run(self, script: str, *, timeout_seconds: float, give_up: Callable[[], bool] = lambda: False) -> Finished:
        """Run a script by the client's /bin/sh, given on its standard input, and keep the end of what it printed.

        The code is -9 when the time is over or `give_up` says so: then its channel is closed, and with it the
        script's streams.
        Raises Failure when the client's sshd lets no command run.
        """
        try:
            return run_script(self._connection, script, timeout_seconds=timeout_seconds, give_up=give_up)
        except paramiko.ChannelException as error:
            raise Failure(Reason.AUTH, NO_COMMANDS.format(self._plan.host, self._plan.machine)) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise _lost(self._plan, error) from error

    def free_port(self) -> int:
        """Let the client's sshd find a port of its loopback that nobody uses, and leave it again.

        Raises Failure where it forwards none.
        """
        try:
            port: int = self._connection.transport.request_port_forward("localhost", 0)
            self._connection.transport.cancel_port_forward("localhost", port)
        except paramiko.SSHException as error:
            if not self.is_open:
                raise _lost(self._plan, error) from error
            raise Failure(Reason.FORWARDING, NO_PORTS.format(self._plan.machine)) from error
        return port


NO_PORTS = (
    "The sshd of {0} forwards no port to us, which method remote-forward needs: allow it in sshd_config "
    "(AllowTcpForwarding, DisableForwarding, PermitListen) and in the key's line (`borgpull client setup {0}`)."
)
NO_COMMANDS = (
    "{0} lets this key run no command, which the method (or a hook) needs; `borgpull client setup {1}` prints the line "
    "for its authorized_keys."
)


_BY_SHELL = (
    " The line that admits the listing also needs a login shell and the program sftp-server; `borgpull client setup "
    "{}` prints one that needs neither."
)


@contextmanager
def connected(plan: RunPlan) -> Iterator[Control]:
    """Connect, through every machine on the way, each with its pinned host key; raises Failure.

    A connection that is lost within the block fails too.
    """
    try:
        with at_the_last(stops(plan)) as connection:
            yield Control(connection, plan)
            if not connection.is_connected:
                raise _lost(plan, EOFError("it was closed from the other side"))
    except (paramiko.SSHException, EOFError, TimeoutError) as error:
        raise _lost(plan, error) from error


def _sftp(connection: Connection, plan: RunPlan) -> paramiko.SFTPClient:
    try:
        sftp = sftp_over(connection, plan.connection_timeout)
        sftp.stat("/")
    except (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError) as error:
        if isinstance(error, TimeoutError) or not connection.is_connected:
            raise _lost(plan, error) from error
        by_shell = "" if plan.listing == NEVER else _BY_SHELL.format(plan.machine)
        raise Failure(
            Reason.NO_SFTP,
            f"{plan.host} lets user {plan.user} in, but offers no SFTP ({why(error)}); "
            f"it needs `Subsystem sftp` in its sshd_config.{by_shell}",
        ) from error
    return sftp


def _lost(plan: RunPlan, error: BaseException) -> Failure:
    sentence = f"The connection to {plan.host} broke right after the login ({why(error)}); nothing was kept."
    return Failure(Reason.CONNECTION_LOST, sentence)
