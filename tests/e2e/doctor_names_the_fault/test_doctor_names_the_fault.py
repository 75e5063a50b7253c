"""The promise: whatever is wrong with the set-up, the doctor's first line says it, and its exit code is of the table.

Each doctor runs in a container of its own beside a supervisor that is well, as with `docker compose run --rm supervisor
doctor`, on the same volumes but for what is broken.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.tmpfs import tmpfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.machine import Machine

_SOCKET = "/var/run/docker.sock"
_PYTHON = "/opt/borgpull/bin/python"
_ODD_ENGINE = Path(__file__).with_name("odd_engine.py").read_text("utf-8")
_FUSE = """
mkdir /outside/fuse /outside/below
cp -a /real/. /outside/below
echo "exec sshfs -f -o passive -o allow_other -o default_permissions :/outside/below /outside/fuse" > /outside/mount
exec socat EXEC:/usr/lib/openssh/sftp-server EXEC:"sh /outside/mount"
"""


class House:
    """A supervisor with one client that has an archive; and doctors beside it."""

    def __init__(self, appliance: ApplianceUnderTest) -> None:
        self.appliance = appliance

    def doctor(
        self,
        *options: str,
        socket: str = f"{_SOCKET}:{_SOCKET}",
        volumes: dict[str, str] | None = None,
        words: tuple[str, ...] = (),
    ) -> Completed:
        """Let a doctor look; `volumes` replaces some by others, an empty one by none."""
        lab = self.appliance.lab
        mounts = {what: f"{name}:/{what}" for what, name in self.appliance.volumes.items()} | (volumes or {})
        given = [word for mount in (socket, *mounts.values()) if mount for word in ("--volume", mount)]
        return docker(
            "run", "--rm", "--label", lab.label, *given, *options, lab.image, "doctor", *words, check=False
        )  # fmt: skip

    def probed(self) -> list[Completed]:
        """Return what it says with a probe; nothing while another run is in its way."""
        done = self.doctor(words=("--probe",))
        return [] if "a run of it is in progress" in done.stdout else [done]


@pytest.fixture(scope="module")
def house(shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> House:
    appliance = shared_appliance
    appliance.shell(
        "mkdir -p /config/secrets/notify_urls; umask 077; cat > /config/secrets/notify_urls/phone", stdin="ntfy://x/y"
    )
    text = appliance.read("/config/borgpull.toml")
    appliance.write_config(text.replace("[appliance]\n", '[appliance]\nnotify = ["secret:phone"]\n'))
    appliance.add_client("web", shared_machine, "--path", "/srv/tree/folder 0")
    appliance.borgpull("run", "web")
    appliance.shell("umask 077; cat > /restored/phrase", stdin="a passphrase of some length\n")
    given = ("--passphrase-file", "/restored/phrase")
    appliance.borgpull("escrow", "--to", "/restored/escrow.gpg", *given)
    appliance.borgpull("escrow", "--check", "/restored/escrow.gpg", *given)
    appliance.borgpull("resume")
    return House(appliance)


def first_line(done: Completed) -> str:
    assert done.stdout, done.stderr
    return done.stdout.splitlines()[0]


def assert_told(done: Completed, code: int, *words: str) -> None:
    said = first_line(done)
    assert all(word in said for word in words), done.stdout
    assert done.returncode == code, done.stdout
    level = "warning" if code == 1 else "bad"
    assert said.startswith(f"{level:8}"), said


def test_where_all_is_well_the_first_line_says_so(house: House) -> None:
    # Its first check or drill may still run, and then it cannot be tried.
    (done,) = wait_for(house.probed, within=240, what="no upkeep is running")

    assert first_line(done).startswith("Everything is fine: "), done.stdout
    assert done.returncode == 0
    assert "proven by a container that read it there" in done.stdout
    assert "tried now: web answers" in done.stdout


def test_no_fuse_device(house: House) -> None:
    config = house.appliance.read("/config/borgpull.toml")
    house.appliance.write_config(config.replace("[appliance]\n", '[appliance]\nfuse_device = "/dev/no-such-fuse"\n'))
    try:
        done = house.doctor()
    finally:
        house.appliance.write_config(config)

    assert_told(done, 7, "FUSE: the engine's host has no /dev/no-such-fuse", "modprobe fuse")


def test_no_socket_is_mounted(house: House) -> None:
    assert_told(house.doctor(socket=""), 7, f"engine socket: there is nothing at {_SOCKET}")


def test_the_wrong_socket_is_mounted_which_docker_makes_a_folder(house: House) -> None:
    lab = house.appliance.lab
    volume = lab.volume(f"{house.appliance.name}-no-socket")
    outside = docker("volume", "inspect", "--format", "{{.Mountpoint}}", volume).stdout.strip()

    done = house.doctor(socket=f"{outside}/docker.sock:{_SOCKET}")

    assert_told(done, 7, f"engine socket: {_SOCKET} is a folder, which Docker makes where the host has no such socket")


def test_a_socket_behind_which_no_engine_is(house: House) -> None:
    volume = house.appliance.lab.volume(f"{house.appliance.name}-dead")
    docker(
        "run", "--rm", "--label", house.appliance.lab.label, "--volume", f"{volume}:/engine", "--entrypoint", _PYTHON,
        house.appliance.lab.image, "-c", "import socket; socket.socket(socket.AF_UNIX).bind('/engine/dead.sock')",
    )  # fmt: skip

    done = house.doctor("--env", "DOCKER_HOST=unix:///engine/dead.sock", socket=f"{volume}:/engine")

    assert_told(done, 7, "engine: cannot reach the container engine at unix:///engine/dead.sock: Connection refused")


def test_a_socket_that_this_user_may_not_open(house: House) -> None:
    done = house.doctor("--user", "1234:1234", "--cap-drop", "ALL")

    assert_told(done, 7, "engine socket: user 1234, as which Borgpull runs, may not open it", "belongs to user 0")
    assert "group_add" in done.stdout.splitlines()[1]


def test_an_engine_that_is_too_old(house: House) -> None:
    with odd_engine(house, "old") as options:
        done = house.doctor(*options[1:], socket=options[0])

    assert_told(done, 7, "engine: the container engine at unix:///engine/old.sock is too old", "update it")


def test_an_engine_that_lets_no_container_be_made(house: House) -> None:
    with odd_engine(house, "strict") as options:
        done = house.doctor(*options[1:], socket=options[0])

    assert_told(
        done, 7, "/config in containers: the container engine refused to start", "Forbidden by the socket proxy"
    )


def test_a_clock_that_is_two_hours_off(house: House) -> None:
    with odd_engine(house, "skewed") as options:
        done = house.doctor(*options[1:], socket=options[0])

    assert_told(done, 3, "engine clock: the engine's clock is ", "ahead of this one")
    assert "NTP" in done.stdout.splitlines()[1]


def test_a_container_that_is_not_the_one_it_is_said_to_be(house: House) -> None:
    done = house.doctor("--env", "BORGPULL_CONTAINER_ID=no-such-container")

    assert_told(
        done, 7, "own container: the engine knows no container 'no-such-container', which BORGPULL_CONTAINER_ID"
    )


def test_paths_that_are_not_those_of_the_host(house: House) -> None:
    done = house.doctor("--env", "BORGPULL_HOST_PATH_REPOS=/srv")

    assert_told(done, 7, "/repos in containers: a pull container would see another folder", "asked for /srv")


def test_no_volume_at_repos(house: House) -> None:
    assert_told(house.doctor(volumes={"repos": ""}), 9, "/repos: no volume is mounted there")


def test_another_volume_at_repos_than_the_appliance_wrote_to(house: House) -> None:
    other = house.appliance.lab.volume(f"{house.appliance.name}-other")

    done = house.doctor(volumes={"repos": f"{other}:/repos"})

    assert_told(done, 9, "/repos: The volume at /repos is not the one this appliance wrote to")


def test_a_full_disk(house: House) -> None:
    full = tmpfs(house.appliance.lab, size="64k")

    done = house.doctor(volumes={"repos": f"{full}:/repos"})

    assert_told(done, 9, "/repos: the disk is full: only 64.0 KiB of 64.0 KiB free, less than ")


def test_a_state_that_cannot_be_written(house: House) -> None:
    done = house.doctor(volumes={"state": f"{house.appliance.volumes['state']}:/state:ro"})

    assert_told(done, 9, "/state: cannot be written: Read-only file system")


def test_repos_on_a_network_file_system_over_fuse(house: House) -> None:
    with fuse_folder(house) as folder:
        done = house.doctor(volumes={"repos": f"{folder}:/repos"})

    assert_told(done, 1, "/repos: is on a network file system (fuse.sshfs)", "can cost the repository")


def test_a_key_that_the_configuration_does_not_know(house: House) -> None:
    config = house.appliance.read("/config/borgpull.toml")
    house.appliance.write_config(config.replace("[appliance]\n", "[appliance]\nmax_paralel = 2\n"))
    try:
        done = house.doctor()
    finally:
        house.appliance.write_config(config)

    assert_told(done, 2, "configuration: ", "borgpull.toml: appliance.max_paralel: ")


def test_no_supervisor(house: House) -> None:
    house.appliance.stop()
    try:
        wait_for(lambda: house.doctor().returncode == 8, within=90, what="the heartbeat is old")
        done = house.doctor()
    finally:
        house.appliance.start()

    assert_told(done, 8, "supervisor: the supervisor is not running (its last sign of life was ")


@contextmanager
def odd_engine(house: House, how: str) -> Iterator[tuple[str, ...]]:
    """Let such an engine stand there; gives what to mount, and the options of the doctor's container."""
    lab, name = house.appliance.lab, f"{house.appliance.name}-{how}"
    volume = lab.volume(f"{name}-socket")
    docker(
        "run", "--detach", "--name", name, "--label", lab.label, "--volume", f"{_SOCKET}:{_SOCKET}",
        "--volume", f"{volume}:/engine", "--entrypoint", "timeout", lab.image, "600",
        _PYTHON, "-c", _ODD_ENGINE, f"/engine/{how}.sock", _SOCKET, how,
    )  # fmt: skip
    try:
        up = ("exec", name, "test", "-S", f"/engine/{how}.sock")
        wait_for(lambda: docker(*up, check=False).returncode == 0, within=120, what="the odd engine listens")
        yield f"{volume}:/engine", "--env", f"DOCKER_HOST=unix:///engine/{how}.sock"
    finally:
        docker("rm", "--force", name)


@contextmanager
def fuse_folder(house: House) -> Iterator[str]:
    """Mount sshfs on the engine's host, from a container, and give its path there."""
    lab, name = house.appliance.lab, f"{house.appliance.name}-fuse"
    volume = lab.volume(f"{name}-volume")
    host = docker("volume", "inspect", "--format", "{{.Mountpoint}}", volume).stdout.strip()
    docker(
        "run", "--detach", "--init", "--name", name, "--label", lab.label, "--device", "/dev/fuse",
        "--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined", "--mount",
        f"type=bind,source={host},target=/outside,bind-propagation=rshared",
        "--volume", f"{house.appliance.volumes['repos']}:/real:ro", "--entrypoint", "timeout",
        lab.image, "600", "sh", "-c", _FUSE,
    )  # fmt: skip
    try:
        up = ("exec", name, "mountpoint", "-q", "/outside/fuse")
        wait_for(lambda: docker(*up, check=False).returncode == 0, within=120, what="sshfs is mounted")
        yield f"{host}/fuse"
    finally:
        docker("exec", name, "umount", "--lazy", "/outside/fuse", check=False)
        docker("rm", "--force", name)
