"""Which rights, network and mounts each container gets, and that it gets no others (S1)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from appliance.config.logins import Endpoint
from appliance.config.model import ApplianceSettings, Reach
from appliance.plan import places
from appliance.plan.container import container_spec, plan_file
from appliance.plan.make import plan_run
from appliance.plan.operations import BY_HAND, ESCROW_CHECK, PREVIEW, QUESTIONS, UNRECORDED
from appliance.record import Operation, RestoreOrder, Way
from tests.clients import ON_THE_CLIENT, client_of, pair_works
from tests.house import NOON, mounted, one

if TYPE_CHECKING:
    from appliance.config.model import Client
    from appliance.ports import ContainerSpec

SETTINGS = ApplianceSettings(network="lan", dns=("192.168.1.1",))
MOUNT_RIGHTS = {"SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL", "SYS_CHROOT"}
CLIENTS = [
    one(),
    one(names='"chroot"'),
    one(names='"numeric"'),
    mounted(),
    mounted("read_all = true"),
    mounted(source='volume = "photos"'),
    *(
        client_of(method, reach)
        for method, reach in product(("sshfs", *ON_THE_CLIENT), Reach)
        if pair_works(method, reach)
    ),
]
# Runs that read the client; every other run works in the repository alone.
READING = ("create", "probe")


def spec(client: Client, operation: str = "create", settings: ApplianceSettings = SETTINGS) -> ContainerSpec:
    run_id = f"{operation}-abc123" if operation in QUESTIONS else "run-1"
    return container_spec(client, plan_run(client, operation, run_id=run_id, now=NOON, appliance_id="us"), settings)


def targets(found: ContainerSpec, *, writable: bool) -> set[str]:
    return {mount.target for mount in found.mounts if mount.read_only is not writable}


@pytest.mark.parametrize("operation", READING)
def test_sshfs_may_mount_and_change_to_the_unprivileged_user_and_nothing_else(operation: str) -> None:
    found = spec(one(), operation)

    assert set(found.capabilities) == MOUNT_RIGHTS
    assert found.devices == ("/dev/fuse",)
    assert found.security == ("apparmor=unconfined", "label=disable", "no-new-privileges")
    assert (found.network, found.dns, found.privileged) == ("lan", ("192.168.1.1",), False)


def test_only_chroot_reads_past_permissions() -> None:
    assert set(spec(one(names='"chroot"')).capabilities) == {*MOUNT_RIGHTS, "DAC_READ_SEARCH"}


def test_privileged_is_only_for_what_mounts() -> None:
    settings = ApplianceSettings(privileged=True)

    assert spec(one(), settings=settings).privileged
    assert not spec(mounted(), settings=settings).privileged
    assert not any(spec(one(), operation, settings).privileged for operation in QUESTIONS)


def test_the_mount_method_has_no_rights_and_no_network() -> None:
    found = spec(mounted())

    assert (found.user, found.capabilities, found.devices, found.network) == ("1000:1000", (), (), "none")
    assert found.security == ("no-new-privileges",)


def test_read_all_is_root_with_the_right_to_read_and_to_hand_it_on() -> None:
    found = spec(mounted("read_all = true"))

    assert set(found.capabilities) == {"SETUID", "SETGID", "SETPCAP", "KILL", "DAC_READ_SEARCH"}
    assert found.network == "none"


@pytest.mark.parametrize(
    ("client", "operation"), list(product(CLIENTS, [operation for operation in Operation if operation not in READING]))
)
def test_what_works_in_the_repository_alone_has_neither_network_nor_rights(client: Client, operation: str) -> None:
    found = spec(client, operation, ApplianceSettings(privileged=True, network="lan"))

    assert (found.user, found.capabilities, found.devices, found.network) == ("1000:1000", (), (), "none")
    assert (found.privileged, found.ports, found.dns) == (False, (), ())
    assert "/.borgpull/key" not in {mount.target for mount in found.mounts}


@pytest.mark.parametrize(("method", "operation"), list(product(ON_THE_CLIENT, READING)))
def test_where_borg_runs_on_the_client_the_container_has_the_network_and_no_right_at_all(
    method: str, operation: str
) -> None:
    found = spec(client_of(method), operation, ApplianceSettings(privileged=True, network="lan", dns=("192.168.1.1",)))

    assert (found.user, found.capabilities, found.devices) == ("1000:1000", (), ())
    assert (found.security, found.privileged) == (("no-new-privileges",), False)
    assert (found.network, found.dns) == ("lan", ("192.168.1.1",))
    assert targets(found, writable=True) == {"/.borgpull/repository", "/.borgpull/cache"}


def test_a_port_is_open_only_while_a_client_is_to_call_it() -> None:
    opened = {
        (client.method, client.reach.value, operation): spec(client, operation).ports
        for client, operation in product(CLIENTS, [*Operation, *QUESTIONS])
        if spec(client, operation).ports
    }

    assert opened == {
        ("ssh-agent", reach, operation): ((2222, 2222),)
        for reach in ("direct", "jump")
        for operation in ("create", "probe")
    }


def test_the_port_of_a_callback_is_the_one_that_the_client_was_told() -> None:
    client = client_of("ssh-agent").model_copy(update={"callback": Endpoint("nas.lan", 2200)})

    assert spec(client).ports == ((places.CALLBACK_PORT, 2200),)


@pytest.mark.parametrize("method", ["sshfs", "socat", "remote-forward"])
@pytest.mark.parametrize("operation", [*READING, "scan"])
def test_a_run_through_the_gateway_shares_its_network_and_says_so_and_nothing_else(method: str, operation: str) -> None:
    settings = ApplianceSettings(name="attic", network="lan", dns=("192.168.1.1",))

    through, straight = (spec(client_of(method, reach), operation, settings) for reach in ("dial-in", "direct"))

    assert (through.network, straight.network) == ("container:attic-gateway", "lan")
    # An engine refuses name servers and ports for a network that is another container's.
    assert (through.dns, through.ports) == ((), ())
    assert through.labels == {**straight.labels, places.LABEL_THROUGH: "attic-gateway"}
    assert replace(through, network="lan", dns=straight.dns, labels=straight.labels) == straight


@pytest.mark.parametrize("operation", ["archives", "files", "key-export"])
def test_a_question_to_the_repository_has_neither_network_nor_rights(operation: str) -> None:
    found = spec(one(), operation)

    assert (found.user, found.capabilities, found.devices, found.network) == ("1000:1000", (), (), "none")
    assert targets(found, writable=True) == {"/.borgpull/repository", "/.borgpull/cache"}
    assert found.name == f"borgpull-web1-{operation}-abc123"


def test_a_scan_gets_the_network_and_its_plan_alone() -> None:
    found = spec(one(), "scan")

    assert [mount.target for mount in found.mounts] == ["/.borgpull/plan.json"]
    assert (found.user, found.capabilities, found.network) == ("1000:1000", (), "lan")


@pytest.mark.parametrize(
    ("passed", "mounts"),
    [("0", ["plan.json"]), ("1", ["plan.json", "key", "known_hosts"]), ("2", ["plan.json", "key", "known_hosts"])],
)
def test_a_scan_behind_other_machines_gets_what_opens_the_way_and_no_secret(passed: str, mounts: list[str]) -> None:
    client = one(reach='"jump"', jump='["john@inter.lan", "john@inter2.lan"]')
    plan = plan_run(client, "scan", run_id="scan-1", now=NOON, appliance_id="us", arguments=(passed,))

    found = container_spec(client, plan, SETTINGS)

    assert [mount.target for mount in found.mounts] == [f"/.borgpull/{name}" for name in mounts]
    assert all(mount.read_only for mount in found.mounts)
    assert (found.user, found.capabilities) == ("1000:1000", ())


def test_a_scan_behind_other_machines_logs_in_to_those() -> None:
    client = client_of("sshfs", "jump")
    plan = plan_run(client, "scan", run_id="scan-abc123", now=NOON, appliance_id="us", arguments=("1",))

    found = container_spec(client, plan, SETTINGS)

    assert {mount.target for mount in found.mounts} == {
        "/.borgpull/plan.json",
        "/.borgpull/key",
        "/.borgpull/known_hosts",
    }
    assert all(mount.read_only for mount in found.mounts)


@pytest.mark.parametrize(("client", "operation"), list(product(CLIENTS, [*Operation, *QUESTIONS])))
def test_no_container_sees_anything_of_another_client(client: Client, operation: str) -> None:
    found = spec(client, operation)
    own = {
        str(place)
        for place in (
            places.key_file(client.name),
            places.known_hosts_file(client.name),
            places.passphrase_file(client.name),
            places.repository_folder(client.name),
            places.cache_folder(client.name),
            places.run_folder(client.name) / "plan.json",
            places.run_folder(client.name) / f"{operation}-abc123.json",
            places.run_folder(client.name) / f"{ESCROW_CHECK}-abc123.passphrase",
            places.run_folder(client.name) / f"{ESCROW_CHECK}-abc123.exported_key",
        )
    }

    ours = {mount.source for mount in found.mounts if not mount.host and not mount.volume}
    theirs = [mount for mount in found.mounts if mount.host or mount.volume]
    assert ours <= own
    assert all(mount.read_only and mount.target == "/.borgpull/source" for mount in theirs)
    assert len(theirs) == (1 if client.method == "mount" and operation in READING else 0)
    assert targets(found, writable=True) <= {"/.borgpull/repository", "/.borgpull/cache"}


@pytest.mark.parametrize(("client", "operation"), list(product(CLIENTS, [*Operation, *QUESTIONS])))
def test_every_container_is_labelled_limited_and_runs_pull(client: Client, operation: str) -> None:
    found = spec(client, operation)

    assert found.command == ("pull",)
    assert found.labels[places.LABEL_APPLIANCE] == "us"
    assert found.labels[places.LABEL_CLIENT] == client.name
    assert found.labels[places.LABEL_OPERATION] == operation
    assert places.UPDATERS_KEEP_AWAY.items() <= found.labels.items()
    assert "no-new-privileges" in found.security


def test_the_name_of_a_run_is_the_lock_of_its_client_and_memory_is_the_clients() -> None:
    found = spec(one(memory='"512M"'))

    assert found.name == "borgpull-web1"
    assert found.memory == 512_000_000


def test_a_question_does_not_overwrite_the_plan_of_a_run() -> None:
    client = one()
    question = plan_run(client, "files", run_id="files-abc123", now=NOON, appliance_id="us")

    assert str(plan_file(question)) == "/state/runs/web1/files-abc123.json"


def test_a_command_by_hand_holds_the_clients_lock_and_leaves_the_plan_of_a_run_alone() -> None:
    client = client_of("ssh-agent")
    found = spec(client, BY_HAND)

    assert found.name == spec(client).name
    assert (found.ports, found.capabilities, found.user) == (((2222, 2222),), (), "1000:1000")
    planned = plan_run(client, BY_HAND, run_id="by-hand-abc123", now=NOON, appliance_id="us")
    assert str(plan_file(planned)) == "/state/runs/web1/by-hand-abc123.json"


def test_an_operation_without_a_container_is_refused() -> None:
    with pytest.raises(ValueError, match="no container is known for the operation dance"):
        spec(one(), "dance")


@pytest.mark.parametrize("operation", ["restore", PREVIEW])
@pytest.mark.parametrize("way", [Way.CHROOT, Way.NUMERIC])
@pytest.mark.parametrize("method", ["sshfs", *ON_THE_CLIENT])
def test_a_restore_onto_the_client_has_the_restore_key_and_no_right_at_all(
    method: str, way: Way, operation: str
) -> None:
    client = client_of(method)
    order = RestoreOrder(archive="a", way=way, target="/back")
    plan = plan_run(client, operation, run_id="r-1", now=NOON, appliance_id="us", restore=order)

    found = container_spec(client, plan, ApplianceSettings(privileged=True, network="lan"))

    assert (found.user, found.capabilities, found.devices, found.privileged) == ("1000:1000", (), (), False)
    assert (found.network, found.ports) == ("lan", ())
    sources = {mount.target: (mount.source, mount.read_only) for mount in found.mounts}
    assert sources["/.borgpull/restore_key"] == (f"/config/keys/{client.name}/id_ed25519_restore", True)
    assert targets(found, writable=True) == {"/.borgpull/repository", "/.borgpull/cache"}


@pytest.mark.parametrize("client", CLIENTS)
def test_no_other_run_has_the_restore_key(client: Client) -> None:
    for operation in (*Operation, *QUESTIONS, *UNRECORDED):
        assert "/.borgpull/restore_key" not in targets(spec(client, operation), writable=False)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_restore_onto_this_server_gets_its_folder_or_its_pipe_and_neither_network_nor_rights(client: Client) -> None:
    settings = ApplianceSettings(privileged=True, network="lan")
    places_of = {
        "/.borgpull/restored": RestoreOrder(archive="a", way=Way.LOCAL, target="/restored/back"),
        "/.borgpull/stream": RestoreOrder(archive="a", way=Way.LOCAL, form="tar", stream="stream-1"),
    }
    for target, order in places_of.items():
        plan = plan_run(client, "restore", run_id="r", now=NOON, appliance_id="us", restore=order)
        found = container_spec(client, plan, settings)

        assert (found.user, found.capabilities, found.devices, found.network) == ("1000:1000", (), (), "none")
        assert (found.privileged, found.ports, found.dns) == (False, (), ())
        assert targets(found, writable=True) == {"/.borgpull/repository", "/.borgpull/cache", target}
        assert targets(found, writable=False) == {"/.borgpull/plan.json", "/.borgpull/passphrase"}
        (source,) = (mount.source for mount in found.mounts if mount.target == target)
        assert source in ("/restored/back", f"/state/runs/{client.name}/stream-1")


@pytest.mark.parametrize("operation", [*QUESTIONS, *Operation])
def test_the_log_holds_an_answer_about_each_file_of_an_archive_and_is_small_otherwise(operation: str) -> None:
    about_each_file = operation in ("files", "find", "diff", "preview")

    assert spec(one(), operation).log_bytes == (1_000_000_000 if about_each_file else 20_000_000)
