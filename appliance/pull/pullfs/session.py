"""One ssh to the client's SFTP server, from its start to its end."""

from __future__ import annotations

from appliance.plan import places
from appliance.pull.execute import PIPE, end, start
from appliance.pull.pullfs.client_listing import ENVIRONMENT
from appliance.pull.pullfs.conversation import Conversation
from appliance.pull.ssh_config import CLIENT

# An option on the command line comes before the file's. A server that does not compress goes on without.
COMPRESSED = ("-o", "Compression=yes")


class Session:
    """A program and the conversation with it."""

    def __init__(self, *options: str, stderr: int) -> None:
        """Start ssh with these options and that standard error; nothing is waited for."""
        argv = ("ssh", "-F", str(places.SSH_CONFIG), *options, "-s", CLIENT, "sftp")
        self._process = start(argv, ENVIRONMENT, stdin=PIPE, stdout=PIPE, stderr=stderr)
        assert self._process.stdout is not None  # noqa: S101 - both were asked for
        assert self._process.stdin is not None  # noqa: S101
        self.conversation = Conversation(out=self._process.stdout.fileno(), into=self._process.stdin.fileno())

    def end(self) -> None:
        """End it, and wait until it is gone."""
        end(self._process, grace_seconds=1)
