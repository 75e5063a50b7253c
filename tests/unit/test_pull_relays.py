"""What stands between Borg on a client and the socket that ssh made there."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull.failure import Failure
from appliance.pull.methods.relays import relay
from appliance.pull.methods.workplace import Workplace
from appliance.record import Reason

if TYPE_CHECKING:
    from pathlib import Path

PLAN = RunPlan(
    run_id="r1", client="web1", operation="create", appliance_id="app", method="socat", names="client", paths=("/",)
)
LARGE = bytes(range(256)) * 4096


def workplace(*tools: str, folder: str = "/root/.cache/borgpull/run/x.1") -> Workplace:
    return Workplace(
        folder=folder, base="/root/.cache/borgpull", path="/bin", borg="1.4.5", ssh="", tools=frozenset(tools)
    )


@pytest.mark.parametrize(
    ("tools", "command"),
    [
        (("socat", "nc", "python3"), "exec socat STDIO UNIX-CONNECT:/run/far.sock"),
        (("nc", "nc-unix", "nc-half-close", "python3"), "exec nc -N -U /run/far.sock"),
        # A netcat that cannot close one side alone would wait for ever.
        (("nc", "nc-unix", "python3"), "exec python3 /root/.cache/borgpull/run/x.1/relay.py /run/far.sock"),
        (("nc", "perl", "perl-unix"), "exec perl /root/.cache/borgpull/run/x.1/relay.pl /run/far.sock"),
    ],
)
def test_the_first_tool_that_can_do_it_is_taken(tools: tuple[str, ...], command: str) -> None:
    rsh, files = relay(PLAN, workplace(*tools), "/run/far.sock")

    assert rsh == "sh /root/.cache/borgpull/run/x.1/rsh"
    assert files["rsh"] == f"{command}\n"


@pytest.mark.parametrize("tools", [(), ("nc",), ("nc", "nc-unix"), ("perl",), ("ssh",)])
def test_a_client_without_any_of_them_is_told_what_to_install_or_use(tools: tuple[str, ...]) -> None:
    with pytest.raises(Failure) as caught:
        relay(PLAN, workplace(*tools), "/run/far.sock")

    assert caught.value.reason is Reason.CLIENT_TOOLS
    assert "install socat there" in caught.value.message
    assert 'method = "remote-forward"' in caught.value.message


def test_the_stand_in_carries_both_directions_and_ends_when_both_have_ended(tmp_path: Path) -> None:
    place = str(tmp_path / "far.sock")
    _, files = relay(PLAN, workplace("python3", folder=str(tmp_path)), place)
    (tmp_path / "relay.py").write_text(files["relay.py"], encoding="utf-8")
    received = bytearray()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen(1)
        serving = threading.Thread(target=_answer_at_the_end, args=(listening, received))
        serving.start()

        near = subprocess.run(
            (sys.executable, tmp_path / "relay.py", place), input=LARGE, capture_output=True, timeout=60, check=True
        )
        serving.join(timeout=60)

    assert bytes(received) == LARGE
    assert near.stdout == LARGE[::-1]


def _answer_at_the_end(listening: socket.socket, received: bytearray) -> None:
    far, _ = listening.accept()
    with far:
        while chunk := far.recv(65536):
            received += chunk
        far.sendall(LARGE[::-1])
