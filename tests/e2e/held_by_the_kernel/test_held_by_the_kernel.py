"""The promise: a file system that the kernel holds so that no kill ends it does not stay for ever.

Ours never gets there (see `appliance/pull/pullfs/handing.py`), so this one is made for it: it puts a page into the
kernel's memory for which somebody waits. Held, and let go by what the end of every mount falls back upon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

_PROGRAM = """
import os, signal, stat, subprocess, sys, time
from appliance.pull import execute, linux
from appliance.pull.pullfs import wire
from appliance.pull.pullfs.wire import Opcode

MOUNT = "/mnt"
descriptor = os.open("/dev/fuse", os.O_RDWR)
linux.mount("held", MOUNT, "fuse.held", 0, f"fd={descriptor},rootmode=40000,user_id=0,group_id=0")


def attributes(node):
    mode, size = (stat.S_IFDIR | 0o755, 0) if node == 1 else (stat.S_IFREG | 0o644, 1000)
    return wire.pack_attributes(node, size, 8, 0, 0, mode, 1, 0, 0, 0)


def answer(asked):
    match asked.opcode:
        case Opcode.INIT:
            _, read_ahead, flags = wire.read_init(asked.body)
            return wire.reply(asked.unique, wire.init_reply(read_ahead, flags))
        case Opcode.GETATTR:
            return wire.reply(asked.unique, wire.attributes_reply(attributes(asked.node)))
        case Opcode.LOOKUP:
            return wire.reply(asked.unique, wire.entry(2, attributes(2)))
        case Opcode.READ:
            os.write(tells, b"now")
            return wire.store(2, memoryview(bytes(1000)))
        case _:
            return wire.refusal(asked.unique, 38)


told, tells = os.pipe()
server = os.fork()
if server == 0:
    buffer = bytearray(wire.LARGEST_REQUEST)
    while True:
        asked = wire.read_request(memoryview(buffer)[: os.readv(descriptor, (buffer,))])
        if asked.opcode not in wire.UNANSWERED:
            os.writev(descriptor, answer(asked))
os.close(descriptor)
# Whether it still gets the page that was put there, or nothing at all, is the kernel's business; in the end it fails.
reader = subprocess.Popen(("cat", f"{MOUNT}/file"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Server:
    def poll(self): return None
    def terminate(self): os.kill(server, signal.SIGTERM)
    def kill(self): os.kill(server, signal.SIGKILL)
    def wait(self, timeout=None):
        until = time.monotonic() + (60 if timeout is None else timeout)
        while os.waitpid(server, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("server", timeout)


def state(): return open(f"/proc/{server}/stat").read().rpartition(")")[2].split()[0]


os.read(told, 3)
until = time.monotonic() + 30
while state() != "D" and time.monotonic() < until:
    pass
held = []
execute.end(Server(), grace_seconds=1, at_last=lambda: (held.append(state()), linux.abort(MOUNT)))
print("held", held, "reader", reader.wait(30), reader.stderr.read().decode().strip().rpartition(": ")[2])
linux.detach(MOUNT)
"""


def test_a_file_system_that_no_kill_ends_is_let_go(lab: Lab) -> None:
    rights = ("--cap-add", "SYS_ADMIN", "--device", "/dev/fuse", "--security-opt", "apparmor=unconfined")
    python = ("--user", "0", "--entrypoint", "/opt/borgpull/bin/python", lab.image, "-")
    name = lab.name("held")

    said = docker(
        "run", "--rm", "--interactive", "--network", "none", "--name", name, "--label", lab.label, *rights, *python,
        stdin=_PROGRAM, within=120,
    ).stdout  # fmt: skip

    assert said.strip() == "held ['D'] reader 1 Transport endpoint is not connected"
