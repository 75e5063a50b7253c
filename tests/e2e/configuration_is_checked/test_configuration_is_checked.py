"""The promise: `config check` names every problem of every file at once, with file, key and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest

_MAIN = """\
[appliance]
max_paralel = 2
free_space = true

[defaults]
keep = {}

[clients.web]
host = "web.lan"
shedule = "@daily"
paths = "/srv"

[clients.mail]
host = "mail.lan"
paths = ["/"]
method = "mount"
reach = "jump"

[clients.nas]
host = "nas.lan"
paths = ["/"]
schedule = "61 * * * *"
"""
_DROPPED = {"nas": 'host = "nas2.lan"\npaths = ["/"]\n', "torn": 'host = "torn'}
_EXPECTED = (
    ("borgpull.toml", "appliance.max_paralel", "max_parallel"),
    ("borgpull.toml", "appliance.free_space", "must be a size"),
    ("borgpull.toml", "defaults.keep", "keeps nothing"),
    ("borgpull.toml", "clients.web.shedule", "schedule"),
    ("borgpull.toml", "clients.web.paths", "must be a list"),
    ("borgpull.toml", "clients.mail.host", "logs in nowhere"),
    ("borgpull.toml", "clients.mail.reach", "logs in nowhere"),
    ("borgpull.toml", "clients.nas.schedule", "minute field"),
    ("clients.d/nas.toml", "", 'client "nas" stands in borgpull.toml too'),
    ("clients.d/torn.toml", "", "not valid TOML"),
)


def test_every_problem_is_named_at_once_and_nothing_is_changed(shared_appliance: ApplianceUnderTest) -> None:
    appliance = shared_appliance
    for name, text in _DROPPED.items():
        appliance.write_config(text, f"/config/clients.d/{name}.toml")
    appliance.write_config(_MAIN)

    told = appliance.borgpull("config", "check", check=False)
    listed = appliance.borgpull("config", "check", "--json", check=False)

    assert (told.returncode, listed.returncode) == (2, 2)
    problems = appliance.json("config", "check", check=False)["problems"]
    for file, key, words in _EXPECTED:
        found = [one for one in problems if (one["file"], one["key"]) == (file, key) and words in one["sentence"]]
        assert found, f"{file}: {key}: …{words}… is not among {problems}"
        # What is printed says the same.
        assert found[0]["sentence"] in told.stdout + told.stderr
    assert appliance.read("/config/borgpull.toml") == _MAIN


def test_a_command_that_needs_the_configuration_ends_with_the_same_problems(
    shared_appliance: ApplianceUnderTest,
) -> None:
    appliance = shared_appliance
    appliance.write_config(_MAIN)

    refused = appliance.run("web")

    assert refused.returncode == 2
    assert "appliance.max_paralel" in refused.stderr
    assert "Traceback" not in refused.stderr
