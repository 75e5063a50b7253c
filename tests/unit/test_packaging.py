"""What is made for Portainer, TrueNAS, Unraid and a socket proxy is the appliance of compose.yaml, and nothing else."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from appliance.config.owner import Owner

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SUPERVISOR: dict[str, Any] = COMPOSE["services"]["supervisor"]
# Of compose.yaml, what is for a clone: there the image is built.
ONLY_IN_A_CLONE = {"build"}


def loaded(path: str) -> dict[str, Any]:
    found = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def resolved(value: Any) -> Any:
    """Put the defaults in place of variables, as Compose does in an empty environment."""
    if isinstance(value, dict):
        return {key: resolved(one) for key, one in value.items()}
    if isinstance(value, list):
        return [resolved(one) for one in value]
    return (
        re.sub(r"\$\{\w+(?::-([^}]*)|:\?[^}]*)\}", lambda match: match[1] or "", value)
        if isinstance(value, str)
        else value
    )


def targets(service: dict[str, Any]) -> list[str]:
    return sorted(volume.rpartition(":")[2] for volume in service["volumes"])


def but(service: dict[str, Any], *left_out: str) -> dict[str, Any]:
    return {key: value for key, value in service.items() if key not in {*ONLY_IN_A_CLONE, *left_out}}


# ---- Portainer ----


def test_the_stack_is_the_supervisor_of_compose_but_for_paths_that_must_be_given() -> None:
    stack = loaded("config/portainer/stack.yaml")

    ((name, service),) = stack["services"].items()
    assert name == "supervisor"
    assert but(service, "volumes") == but(SUPERVISOR, "volumes")
    assert targets(service) == targets(SUPERVISOR)
    assert stack["volumes"] == {"state": {}}


def test_the_stack_has_no_relative_path() -> None:
    (service,) = loaded("config/portainer/stack.yaml")["services"].values()

    assert [volume for volume in service["volumes"] if volume.startswith(".") or ":-." in volume] == []
    needed = {name for volume in service["volumes"] for name in re.findall(r"\$\{(\w+):\?", volume)}
    assert needed == {"CONFIG_DIR", "REPO_DIR", "RESTORE_DIR"}


def test_the_stacks_heading_names_every_variable_and_no_other() -> None:
    text = (ROOT / "config/portainer/stack.yaml").read_text(encoding="utf-8")
    heading = text.partition("\nservices:")[0]

    used = set(re.findall(r"\$\{(\w+):", text))
    told = ", ".join(re.findall(r"^#   ([A-Z_]+(?:, [A-Z_]+)*) ", heading, re.MULTILINE)).split(", ")
    assert sorted(told) == sorted(used)


# ---- TrueNAS ----


def test_the_app_is_the_supervisor_of_compose_with_paths_of_a_pool() -> None:
    (service,) = loaded("config/truenas/app.yaml")["services"].values()

    for one in ("volumes", "environment", "logging", "pull_policy"):
        assert one in service
    ours, compose = (
        but(service, "volumes", "environment", "pull_policy"),
        resolved(but(SUPERVISOR, "volumes", "environment")),
    )
    assert ours == compose
    assert targets(service) == targets(SUPERVISOR)
    assert service["environment"].keys() == SUPERVISOR["environment"].keys()
    sources = [volume.partition(":")[0] for volume in service["volumes"]]
    assert all(source.startswith("/mnt/tank/borgpull/") for source in sources if source != "/var/run/docker.sock")
    assert "${" not in (ROOT / "config/truenas/app.yaml").read_text(encoding="utf-8")


def test_the_apps_owner_is_one_that_can_own_backups() -> None:
    (service,) = loaded("config/truenas/app.yaml")["services"].values()

    assert Owner.from_environment(service["environment"]) == Owner(uid=568, gid=568)


# ---- Unraid ----


@pytest.fixture
def template() -> ET.Element:
    return ET.fromstring((ROOT / "config/unraid/borgpull.xml").read_text(encoding="utf-8"))  # noqa: S314 - our own file


def configured(template: ET.Element, kind: str) -> dict[str, str]:
    found = (one for one in template.iter("Config") if one.get("Type") == kind)
    return {one.get("Target", ""): one.text or "" for one in found}


def test_the_template_mounts_what_compose_mounts_on_disks_and_not_on_the_layer_above(template: ET.Element) -> None:
    paths = configured(template, "Path")

    assert sorted(paths) == targets(SUPERVISOR)
    assert [path for path in paths.values() if path.startswith("/mnt/user")] == []
    assert {one.get("Mode") for one in template.iter("Config") if one.get("Type") == "Path"} == {"rw"}


def test_the_template_has_the_variables_of_compose(template: ET.Element) -> None:
    variables = configured(template, "Variable")

    assert variables.keys() == SUPERVISOR["environment"].keys()
    assert Owner.from_environment(variables) == Owner(uid=99, gid=100)


def test_what_the_template_shows_first_is_its_default(template: ET.Element) -> None:
    assert [one.get("Name") for one in template.iter("Config") if one.get("Default") != one.text] == []


def test_the_template_starts_the_container_as_compose_does(template: ET.Element) -> None:
    words = shlex.split(template.findtext("ExtraParams") or "")
    options = {name: [value for one, value in itertools.pairwise(words) if one == name] for name in words}

    assert "--init" in words
    assert options["--publish"] == resolved(SUPERVISOR["ports"])
    assert options["--restart"] == [SUPERVISOR["restart"]]
    assert [f"{value}s" for value in options["--stop-timeout"]] == [SUPERVISOR["stop_grace_period"]]
    assert options["--security-opt"] == SUPERVISOR["security_opt"]
    assert dict(label.split("=") for label in options["--label"]) == SUPERVISOR["labels"]
    assert shlex.split(template.findtext("PostArgs") or "") == SUPERVISOR["command"]
    assert template.findtext("Repository") == resolved(SUPERVISOR["image"])
    assert template.findtext("Privileged") == "false"


# ---- socket proxy ----


def test_with_the_proxy_the_supervisor_has_no_socket_and_pull_containers_no_way_to_the_proxy() -> None:
    override = loaded("config/socket-proxy/compose.yaml")
    supervisor, proxy = override["services"]["supervisor"], override["services"]["socket-proxy"]

    assert supervisor["volumes"] == ["/dev/null:/var/run/docker.sock"]
    assert supervisor["environment"] == {"DOCKER_HOST": "tcp://socket-proxy:2375"}
    assert proxy["networks"] == ["socket"]
    assert override["networks"]["socket"] == {"internal": True}
    assert "ports" not in proxy


# ---- every page ----


@pytest.mark.parametrize(
    ("page", "file"),
    [
        ("portainer", "config/portainer/stack.yaml"),
        ("truenas", "config/truenas/app.yaml"),
        ("unraid", "config/unraid/borgpull.xml"),
        ("socket-proxy", "config/socket-proxy/compose.yaml"),
        ("synology", "compose.yaml"),
    ],
)
def test_each_page_names_its_file_and_each_file_its_page(page: str, file: str) -> None:
    assert file in (ROOT / f"docs/how-to/{page}.md").read_text(encoding="utf-8")
    if file != "compose.yaml":
        assert f"docs/how-to/{page}.md" in (ROOT / file).read_text(encoding="utf-8")
