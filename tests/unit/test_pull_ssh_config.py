"""How ssh finds the way to a client, and what it is held to at every machine on it."""

from __future__ import annotations

from dataclasses import replace

from appliance.plan.run_plan import Hop, RunPlan
from appliance.pull.login import stops
from appliance.pull.ssh_config import ssh_config
from appliance.record import RestoreOrder, Way

PLAN = RunPlan(
    run_id="r1",
    client="web1",
    operation="create",
    appliance_id="app",
    method="sshfs",
    names="client",
    host="web1.lan",
    port=2022,
    user="root",
    paths=("/etc",),
    connection_timeout=45,
    reach="jump",
    jump=(Hop(host="inter.lan", port=2222, user="john"), Hop(host="fd00::7", port=22, user="jump")),
)
STRICT = {
    "stricthostkeychecking": "yes",
    "updatehostkeys": "no",
    "userknownhostsfile": "/.borgpull/known_hosts",
    "globalknownhostsfile": "/dev/null",
    "batchmode": "yes",
    "identityfile": "/.borgpull/key",
    "identitiesonly": "yes",
    "identityagent": "none",
    "forwardagent": "no",
    "preferredauthentications": "publickey",
    "permitlocalcommand": "no",
    "serveraliveinterval": "15",
}


def blocks(text: str) -> dict[str, dict[str, str]]:
    """The options of each host in a configuration, their names in lower case."""
    found: dict[str, dict[str, str]] = {}
    for line in filter(None, text.splitlines()):
        key, value = line.split(maxsplit=1)
        if key == "Host":
            found[value] = {}
        else:
            found[list(found)[-1]][key.lower()] = value
    return found


def test_each_machine_on_the_way_is_held_to_the_same_and_pinned_by_its_own_name() -> None:
    found = blocks(ssh_config(PLAN))

    assert {name: options["hostkeyalias"] for name, options in found.items()} == {
        "jump1": "jump1/web1",
        "jump2": "jump2/web1",
        "client": "web1",
    }
    for options in found.values():
        assert STRICT.items() <= options.items()


def test_the_way_leads_from_one_machine_to_the_next() -> None:
    found = blocks(ssh_config(PLAN))

    addresses = {name: (one["hostname"], one["port"], one["user"]) for name, one in found.items()}
    assert addresses == {
        "jump1": ("inter.lan", "2222", "john"),
        "jump2": ("fd00::7", "22", "jump"),
        "client": ("web1.lan", "2022", "root"),
    }
    assert {name: one.get("proxyjump") for name, one in found.items()} == {
        "jump1": None,
        "jump2": "jump1",
        "client": "jump2",
    }


def test_what_a_method_asks_for_counts_for_the_client_alone() -> None:
    more = {"RemoteForward": "/run/x /run/y", "IdentityAgent": "/run/agent", "ForwardAgent": "yes"}

    found = blocks(ssh_config(PLAN, more))

    assert found["client"].items() >= {key.lower(): value for key, value in more.items()}.items()
    for name in ("jump1", "jump2"):
        assert "remoteforward" not in found[name]
        assert found[name]["clearallforwardings"] == "yes"
        assert (found[name]["identityagent"], found[name]["forwardagent"]) == ("none", "no")


def test_the_zone_of_an_address_is_no_token_to_ssh() -> None:
    zoned = replace(PLAN, host="fe80::1%eth0", jump=(Hop(host="fe80::2%lan1", port=22, user="john"),))

    found = blocks(ssh_config(zoned))

    assert (found["client"]["hostname"], found["jump1"]["hostname"]) == ("fe80::1%%eth0", "fe80::2%%lan1")


def test_a_restore_shows_its_key_to_the_client_alone_and_the_machines_on_the_way_know_the_other() -> None:
    plan = replace(PLAN, operation="restore", restore=RestoreOrder(archive="web1-1", way=Way.NUMERIC, target="/back"))

    keys = [options["identityfile"] for options in blocks(ssh_config(plan)).values()]

    assert keys == ["/.borgpull/key", "/.borgpull/key", "/.borgpull/restore_key"]
    assert [stop.key for stop in stops(plan)] == keys
    here = replace(plan, restore=RestoreOrder(archive="web1-1", way=Way.LOCAL))
    assert {stop.key for stop in stops(here)} == {"/.borgpull/key"}


def test_a_plan_of_a_restore_is_read_back_as_it_was() -> None:
    order = RestoreOrder(archive="web1-1", way=Way.CHROOT, paths=("etc", "sh:**/x"), in_place=True)
    plan = replace(PLAN, restore=order)

    assert RunPlan.from_json(plan.to_json()) == plan
