"""`borgpull restore --client OTHER`: whose machine is met, whose repository is read, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.config.load import MAIN, parse
from appliance.plan.make import plan_run
from appliance.plan.places import host_key_alias, key_file, known_hosts_file, passphrase_file, restore_key_file
from appliance.plan.restores import choose_way, refusal
from appliance.pull.login import stops
from appliance.pull.ssh_config import ssh_config
from appliance.record import Operation, Outcome, Reason, RequestKind, RestoreOrder, Way
from tests.clients import GATEWAY, client_of
from tests.fakes import Script
from tests.house import NOON, house, mounted, one
from tests.supervised import FINE, World, until

ORDER = RestoreOrder(archive="web1-2026-11-22T12:00:00", way=Way.NUMERIC, target="/srv/back", destination="web2")


def asked_world() -> World:
    """Return a house whose operator has asked for web1's archive on web2."""
    world = World(house("web1", "web2", schedule='"30 2 * * *"'))
    world.volumes.ground = replace(FINE, has_repository=True)
    world.journal.set_fact("paused", "yes")
    world.journal.ask(RequestKind.RUN, "web1", Operation.RESTORE, restore=ORDER)
    return world


def test_the_run_logs_in_to_the_other_machine_with_that_machines_pins_and_restore_key() -> None:
    other = house("web1", "web2", user='"ada"').clients[1]

    plan = plan_run(one(), Operation.RESTORE, run_id="r", now=NOON, appliance_id="us", restore=ORDER, destination=other)

    assert (plan.client, plan.machine, plan.host, plan.user) == ("web1", "web2", "web2.lan", "ada")
    assert [stop.client for stop in stops(plan)] == ["web2"]
    assert f"HostKeyAlias {host_key_alias('web2')}" in ssh_config(plan)


def test_the_container_sees_the_ones_repository_and_the_others_keys_and_nothing_else_of_either() -> None:
    world = asked_world()
    supervisor = world.supervisor()
    world.settle(supervisor)

    (spec,) = world.engine.started
    sources = {mount.source for mount in spec.mounts}
    theirs = {str(place("web2")) for place in (key_file, restore_key_file, known_hosts_file)}
    assert {source for source in sources if "web2" in source} == theirs
    assert {str(place("web1")) for place in (key_file, restore_key_file, known_hosts_file)}.isdisjoint(sources)
    assert "/repos/web1" in sources
    assert str(passphrase_file("web1")) in sources
    assert (spec.capabilities, spec.devices, spec.privileged) == ((), (), False)


def test_a_client_that_left_the_configuration_is_refused() -> None:
    world = asked_world()
    world.appliance = house("web1")
    supervisor = world.supervisor()
    supervisor.tick()

    (request,) = (world.journal.request(1),)
    assert request is not None
    assert request.refusal == "there is no client web2 in the configuration"


def test_a_pin_that_the_other_machine_lacks_ends_the_run_before_it_begins() -> None:
    world = asked_world()
    world.volumes.ground = replace(world.volumes.ground, has_known_hosts=False)
    world.settle(world.supervisor())

    (run,) = world.runs()
    assert (run.outcome, run.reason) == (Outcome.FAILED, Reason.HOST_KEY)
    assert "web2 is not pinned yet" in run.message
    assert world.engine.started == []


def test_a_tunnel_of_the_other_machine_that_is_down_ends_the_run_at_once() -> None:
    world = asked_world()
    text = GATEWAY + '[defaults]\npaths = ["/"]\nschedule = "30 2 * * *"\n[clients.web1]\nhost = "web1.lan"\n'
    world.appliance = parse({MAIN: text + '[clients.web2]\nhost = "web2.lan"\nreach = "dial-in"\n'}, {})
    world.engine.play = lambda _spec: Script(hangs=True)
    supervisor = world.supervisor()

    def is_over() -> bool:
        supervisor.tick()
        return any(run.finished for run in world.runs())

    until(is_over)
    (run,) = world.runs()
    assert (run.client, run.outcome, run.reason) == ("web1", Outcome.SKIPPED, Reason.OFFLINE)
    assert "The tunnel of web2 is not up" in run.message


def test_the_way_is_one_that_gives_no_passphrase_away() -> None:
    other = client_of("socat")

    assert choose_way(client_of("socat"), None, is_part=True, destination=other).way is Way.CHROOT
    assert choose_way(mounted(), None, is_part=False, destination=other).way is Way.NUMERIC
    assert "would give web1 the passphrase" in refusal(one(), Way.CLIENT, "", other)


@pytest.mark.parametrize(
    ("way", "form", "sentence"),
    [(Way.LOCAL, "", "leave out --format"), (Way.LOCAL, "tar", "leave out --format"), (Way.TAR, "", "")],
)
def test_what_goes_to_another_machine_does_not_come_here(way: Way, form: str, sentence: str) -> None:
    assert sentence in refusal(one(), way, form, client_of("sshfs"))


def test_a_folder_of_this_host_is_no_machine_to_restore_onto() -> None:
    assert "nothing is restored onto it" in refusal(one(), Way.NUMERIC, "", mounted())
