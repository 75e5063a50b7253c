"""Joining Borg's standard input and output to a UNIX socket on the client, by whatever the client has for it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.methods.workplace import Workplace

_PYTHON = """\
import os, socket, sys, threading
far = socket.socket(socket.AF_UNIX)
far.connect(sys.argv[1])
def out():
    while True:
        data = os.read(0, 65536)
        if not data:
            far.shutdown(socket.SHUT_WR)
            return
        far.sendall(data)
threading.Thread(target=out, daemon=True).start()
while True:
    data = far.recv(65536)
    if not data:
        break
    while data:
        data = data[os.write(1, data):]
"""
_PERL = """\
use IO::Socket::UNIX; use IO::Select;
my $far = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "cannot connect: $!";
my $both = IO::Select->new($far, \\*STDIN);
sub put { my ($to, $data) = @_; while (length $data) {
    my $n = syswrite($to, $data); die "write: $!" unless defined $n; substr($data, 0, $n) = ''; } }
while (1) { for my $from ($both->can_read) {
    my $n = sysread($from, my $data, 65536);
    if (!$n) { exit 0 if $from == $far; $both->remove($from); shutdown($far, 1); next; }
    put($from == $far ? \\*STDOUT : $far, $data); } }
"""


def relay(plan: RunPlan, workplace: Workplace, socket: str) -> tuple[str, Mapping[str, str]]:
    """Return what Borg calls in place of ssh, and the files it needs in the run's folder; raises Failure.

    Borg appends ssh's arguments, which nobody here wants: the script ignores them.
    """
    tools, where = workplace.tools, shlex.quote(socket)
    files: dict[str, str] = {}
    if "socat" in tools:
        line = f"exec socat STDIO UNIX-CONNECT:{where}"
    elif {"nc-unix", "nc-half-close"} <= tools:
        # Without -N nc would stay when Borg has closed its side, and both would wait for ever.
        line = f"exec nc -N -U {where}"
    elif "python3" in tools:
        files["relay.py"] = _PYTHON
        line = f"exec python3 {shlex.quote(workplace.folder)}/relay.py {where}"
    elif "perl-unix" in tools:
        files["relay.pl"] = _PERL
        line = f"exec perl {shlex.quote(workplace.folder)}/relay.pl {where}"
    else:
        raise Failure(
            Reason.CLIENT_TOOLS,
            f"{plan.client} has neither socat nor a stand-in for it (nc with -U and -N, python3, perl); install socat "
            'there, or use method = "remote-forward", which needs only ssh.',
        )
    files["rsh"] = f"{line}\n"
    return f"sh {workplace.folder}/rsh", files
