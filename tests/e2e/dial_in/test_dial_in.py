"""The promise: a machine that the server cannot reach dials in by itself, and is pulled through its tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.dialling import Dialler, add_client_that_dials_in
from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.outside import outside_archives

if TYPE_CHECKING:
    from tests.e2e.dial_in.conftest import Remote
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 22), 3)"


def gateway_started(appliance: ApplianceUnderTest) -> str:
    """Tell one start of the gateway from another; nothing while there is none."""
    form = "{{if .State.Running}}{{.Id}} {{.State.StartedAt}}{{end}}"
    return docker("inspect", "--format", form, f"{appliance.name}-gateway", check=False).stdout.strip()


def address(machine: Machine) -> str:
    return machine.exec("hostname", "-i").stdout.split()[0]


def test_a_machine_that_cannot_be_reached_is_pulled_through_its_tunnel(remote: Remote) -> None:
    reached = docker(
        "run", "--rm", "--label", remote.far.lab.label, "--network", remote.far.lab.network, "borgpull-lab:trixie",
        "python3", "-c", _CONNECT, address(remote.laptop.machine), check=False,
    )  # fmt: skip
    assert reached.returncode != 0

    done = remote.appliance.run("laptop")

    assert done.returncode == 0, done.stdout + done.stderr
    assert remote.appliance.archives("laptop") == outside_archives(remote.appliance, "laptop")
    assert remote.appliance.status("laptop")["tunnel"] == "up"
    assert 'borgpull_client_tunnel_up{client="laptop"} 1.0' in remote.appliance.get("/metrics")[1]


def test_without_its_tunnel_a_run_is_skipped_and_with_it_the_next_one_is_good(remote: Remote) -> None:
    remote.laptop.hang_up()

    skipped = remote.appliance.run("laptop")

    assert skipped.returncode == 5, skipped.stdout + skipped.stderr
    assert remote.appliance.status("laptop")["tunnel"] == "down"
    assert "The tunnel of laptop is not up" in " ".join(skipped.stdout.split())
    last = remote.appliance.last_run("laptop")
    assert (last["outcome"], last["reason"], last["archive"]) == ("skipped", "offline", None)
    assert 'borgpull_client_tunnel_up{client="laptop"} 0.0' in remote.appliance.get("/metrics")[1]
    remote.laptop.dial()
    done = remote.appliance.run("laptop")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_tunnel_that_breaks_is_dialled_anew_by_itself(remote: Remote) -> None:
    before = remote.cabin.sessions()
    assert before

    remote.cabin.machine.exec("pkill", "-x", "ssh")

    # By another process, since nobody need have seen the moment without a tunnel.
    wait_for(lambda: remote.cabin.sessions() - before, within=120, what="cabin dials anew")
    remote.cabin.wait_until_back()
    done = remote.appliance.run("cabin")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_gateway_outlives_the_supervisor(remote: Remote) -> None:
    before = gateway_started(remote.appliance)
    assert before

    remote.appliance.kill()
    remote.appliance.start()

    remote.laptop.wait("up")
    assert gateway_started(remote.appliance) == before
    assert remote.appliance.run("laptop").returncode == 0


def test_a_gateway_that_dies_is_started_again_and_the_clients_come_back(remote: Remote) -> None:
    before = gateway_started(remote.appliance)

    docker("kill", f"{remote.appliance.name}-gateway")

    wait_for(
        lambda: gateway_started(remote.appliance) not in ("", before), within=120, what="another gateway has started"
    )
    for dialler in (remote.laptop, remote.cabin):
        dialler.wait_until_back()
    assert remote.appliance.run("laptop").returncode == 0


def test_an_intermediate_machine_dials_in_for_one_that_only_it_reaches(remote: Remote) -> None:
    hidden = remote.far.machine()
    inner = remote.far.lab.name("inner")
    docker("network", "create", "--internal", "--label", remote.far.lab.label, inner)
    docker("network", "connect", inner, hidden.host)
    docker("network", "disconnect", remote.far.network, hidden.host)
    docker("network", "connect", inner, remote.cabin.machine.host)
    add_client_that_dials_in(remote.appliance, "camera", hidden, host=hidden.host)
    dialler = Dialler(remote.appliance, "camera", remote.cabin.machine)
    dialler.set_up()
    dialler.dial()
    remote.appliance.borgpull("client", "trust", "camera", "--yes")

    done = remote.appliance.run("camera")

    assert done.returncode == 0, done.stdout + done.stderr
    dialler.hang_up()
    docker("network", "disconnect", inner, remote.cabin.machine.host)
    docker("network", "disconnect", inner, hidden.host)
    docker("network", "rm", inner)


def test_a_run_that_waits_for_its_tunnel_starts_when_the_tunnel_comes_up(remote: Remote) -> None:
    machine = remote.far.machine()
    add_client_that_dials_in(remote.appliance, "boat", machine)
    dialler = Dialler(remote.appliance, "boat", machine)
    dialler.set_up()
    dialler.dial()
    remote.appliance.borgpull("client", "trust", "boat", "--yes")
    dialler.hang_up()
    remote.appliance.borgpull("resume")
    wait_for(
        lambda: "tunnel of boat is not up" in remote.appliance.status("boat")["message"],
        within=60,
        what="it waits for its tunnel",
    )
    assert remote.appliance.metric("runs_total", "boat") == 0

    dialler.dial()

    # Not only when it is looked for by the clock, each minute.
    wait_for(lambda: remote.appliance.metric("run_in_progress", "boat"), within=40, what="the run has started")
    wait_for(
        lambda: remote.appliance.metric("run_last_success_timestamp_seconds", "boat"),
        within=180,
        what="the run that waited made an archive",
    )
    remote.appliance.borgpull("pause")
    dialler.hang_up()


def test_a_client_that_is_disabled_loses_its_tunnel_and_others_keep_theirs(remote: Remote) -> None:
    file = "/config/clients.d/laptop.toml"
    text = remote.appliance.read(file)
    started = gateway_started(remote.appliance)
    sessions = remote.cabin.sessions()
    assert sessions

    remote.appliance.write_config(f"{text}\nenabled = false\n", file)

    remote.laptop.wait("down")
    wait_for(
        lambda: not remote.laptop.sessions(),
        within=60,
        what="its session at the gateway has ended",
    )
    refused = remote.laptop.ssh("-N", "-R localhost:22001:localhost:22")
    assert "Permission denied" in refused.stderr
    assert remote.cabin.state() == "up"
    assert remote.cabin.sessions() == sessions
    assert gateway_started(remote.appliance) == started
    remote.appliance.write_config(text, file)
    remote.laptop.wait("up")
