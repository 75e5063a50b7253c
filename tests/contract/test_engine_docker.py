"""What only a real engine can show: rights, mounts, limits and proofs."""

from __future__ import annotations

import gc
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from appliance.edges.docker_engine import DockerEngine
from appliance.errors import EngineError
from appliance.plan.places import LABEL_APPLIANCE
from appliance.ports import ContainerSpec, Mount
from tests.contract.engines import IMAGE, NAMES, new_name, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.ports import ContainerState


class Shell:
    """Runs a command in a container of the real engine and returns what it said."""

    def __init__(self, engine: DockerEngine) -> None:
        self.engine = engine
        self.names: list[str] = []

    def spec(self, script: str, *, mounts: tuple[Mount, ...] = (), memory: int | None = None) -> ContainerSpec:
        self.names.append(new_name())
        return ContainerSpec(
            name=self.names[-1],
            entrypoint=("/bin/sh", "-c"),
            command=(script,),
            labels={LABEL_APPLIANCE: "contract"},
            mounts=mounts,
            network="none",
            memory=memory,
        )

    def run(self, script: str, *mounts: Mount) -> list[str]:
        spec = self.spec(script, mounts=mounts)
        self.engine.start(spec)
        return list(self.engine.lines(spec.name))


@pytest.fixture
def shell() -> Iterator[Shell]:
    shell = Shell(DockerEngine(image=IMAGE, host_path=str))
    yield shell
    for name in shell.names:
        shell.engine.remove(name)


def test_a_container_has_no_capability_and_can_gain_none(shell: Shell) -> None:
    status = shell.run("grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status")

    assert [line.split()[1] for line in status] == ["0" * 16, "0" * 16, "1"]


def test_a_container_has_no_network(shell: Shell) -> None:
    assert shell.run("ls /sys/class/net") == ["lo"]


def test_the_root_is_read_only_and_scratch_is_in_memory(shell: Shell) -> None:
    said = shell.run(
        "touch /etc/x 2>/dev/null || echo read-only; stat -f -c %T /tmp /run/borgpull; stat -c %a:%u /run/borgpull;"
        "cat /proc/1/comm"
    )

    assert said == ["read-only", "tmpfs", "tmpfs", "755:1000", "docker-init"]


def test_a_folder_is_read_only_unless_the_spec_says_otherwise(shell: Shell, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / "here").write_text("content")
    read_only = Mount(source=str(tmp_path), target="/.borgpull/source")
    writable = Mount(source=str(tmp_path), target="/.borgpull/repository", read_only=False)

    said = shell.run(
        "cat /.borgpull/source/here; echo; touch /.borgpull/source/a 2>/dev/null || echo refused;"
        "touch /.borgpull/repository/b && echo written",
        read_only,
        writable,
    )

    assert said == ["content", "refused", "written"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "here"]


def test_a_container_can_share_the_network_of_another_and_nothing_else(shell: Shell) -> None:
    spaces = "readlink /proc/self/ns/net /proc/self/ns/pid"
    first = shell.spec(f"{spaces}; exec sleep 600")
    second = replace(shell.spec(spaces), network=f"container:{first.name}")
    shell.engine.start(first)

    shell.engine.start(second)

    lines = shell.engine.lines(first.name)
    (network, processes), (its_network, its_processes) = (next(lines), next(lines)), shell.engine.lines(second.name)
    assert its_network == network
    assert its_processes != processes


def test_the_network_of_a_container_that_is_not_there_is_an_error_and_leaves_none(shell: Shell) -> None:
    spec = replace(shell.spec("true"), network=f"container:{new_name()}")

    with pytest.raises(EngineError, match=spec.network.removeprefix("container:")):
        shell.engine.start(spec)

    assert shell.engine.inspect(spec.name) is None


def test_a_missing_folder_is_an_error_and_is_not_made(shell: Shell, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    spec = shell.spec("true", mounts=(Mount(source=str(missing), target="/.borgpull/source"),))

    with pytest.raises(EngineError, match="missing"):
        shell.engine.start(spec)

    assert not missing.exists()
    assert shell.engine.inspect(spec.name) is None


def test_a_container_that_cannot_be_started_is_removed(shell: Shell) -> None:
    spec = replace(shell.spec("true"), network="borgpull-contract-no-such-network")

    with pytest.raises(EngineError, match="borgpull-contract-no-such-network"):
        shell.engine.start(spec)

    assert shell.engine.inspect(spec.name) is None


def test_a_command_that_is_not_there_ends_with_127(shell: Shell) -> None:
    spec = replace(shell.spec("true"), entrypoint=("/no/such/program",))

    shell.engine.start(spec)

    assert list(shell.engine.lines(spec.name)) == []
    state = shell.engine.inspect(spec.name)
    assert state is not None
    assert state.exit_code == 127
    assert "/no/such/program" in shell.engine.log(spec.name)


def test_a_container_killed_for_memory_says_so(shell: Shell) -> None:
    # The engine hears of it by an event, for which it must be listening already, and which may come after the end.
    spec = shell.spec("sleep 1; head -c 300000000 /dev/zero | tail", memory=32 << 20)

    shell.engine.start(spec)
    list(shell.engine.lines(spec.name))

    assert until(partial(_state_out_of_memory, shell.engine, spec.name)).out_of_memory


def test_the_same_folder_is_proved_and_another_one_is_not(shell: Shell, tmp_path: Path) -> None:
    elsewhere = DockerEngine(image=IMAGE, host_path=lambda _path: "/etc")

    assert shell.engine.prove(str(tmp_path), name=NAMES) == ""
    assert "asked for /etc" in elsewhere.prove(str(tmp_path), name=NAMES)
    assert list(tmp_path.iterdir()) == []


def test_the_check_for_fuse_names_a_missing_device(shell: Shell) -> None:
    assert "/dev/borgpull-has-none" in shell.engine.fuse_check("/dev/borgpull-has-none", name=NAMES)


def test_fuse_works_here(shell: Shell) -> None:
    assert shell.engine.fuse_check("/dev/fuse", name=NAMES) == ""


def test_the_engine_tells_its_version(shell: Shell) -> None:
    assert "API" in shell.engine.ping()


# The library leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("address", ["unix:///no/such.sock", "tcp://127.0.0.1:1"])
def test_an_engine_that_is_away_is_a_sentence_with_its_address(address: str) -> None:
    engine = DockerEngine(environment={"DOCKER_HOST": address})

    with pytest.raises(EngineError, match=f"cannot reach the container engine at {address}"):
        engine.ping()
    with pytest.raises(EngineError, match="cannot reach"):
        list(engine.lines("anything"))
    with pytest.raises(EngineError, match="cannot reach"):
        list(engine.said("anything"))
    gc.collect()


def test_outside_a_container_the_sentence_names_the_override(tmp_path: Path) -> None:
    engine = DockerEngine(environment={"BORGPULL_CONTAINER_ID": f"no-{uuid4().hex}"})

    with pytest.raises(EngineError, match="BORGPULL_CONTAINER_ID"):
        engine.host_path(str(tmp_path))


def test_a_long_answer_is_kept_whole_until_it_is_read_where_the_spec_asks_for_that(shell: Shell) -> None:
    size, width = 60_000_000, 1000
    bounded = shell.spec(f"yes {'x' * (width - 1)} | head -c {size}")
    whole = replace(bounded, name=shell.spec("").name, log_bytes=1_000_000_000)

    for spec in (whole, bounded):
        shell.engine.start(spec)
        until(partial(_ended_state, shell.engine, spec.name))

    assert sum(1 for _ in shell.engine.lines(whole.name)) == size // width
    assert sum(1 for _ in shell.engine.lines(bounded.name)) < size // width


def _state_out_of_memory(engine: DockerEngine, name: str) -> ContainerState | None:
    state = engine.inspect(name)
    return state if state is not None and state.out_of_memory else None


def _ended_state(engine: DockerEngine, name: str) -> ContainerState | None:
    state = engine.inspect(name)
    return state if state is not None and not state.running else None
