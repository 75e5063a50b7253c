"""What the image brings for Prometheus and Grafana: it fits together, and exporting it harms nobody's own changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from appliance.config.model import ApplianceSettings
from appliance.edges.monitoring_files import SOURCE, files
from appliance.errors import BorgpullError
from tests.cli_world import CliWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_COMPOSE = yaml.safe_load((_ROOT / "compose.yaml").read_text(encoding="utf-8"))
_SERVICES: dict[str, Any] = _COMPOSE["services"]


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _read(path: str) -> Any:
    return yaml.safe_load((SOURCE / path).read_text(encoding="utf-8"))


def _mounts(service: str) -> dict[str, str]:
    """Return where each volume of a service is, by its name."""
    parts = (volume.split(":") for volume in _SERVICES[service]["volumes"])
    return {part[0]: part[1] for part in parts}


# ---- exporting ----


def test_everything_but_the_tests_of_the_rules_is_exported(world: CliWorld, tmp_path: Path) -> None:
    shown = world.run("monitoring", "export", str(tmp_path / "out"))

    found = _contents(tmp_path / "out")
    assert shown.code == 0
    assert set(found) == {
        "grafana/dashboards/client.json",
        "grafana/dashboards/overview.json",
        "grafana/provisioning/dashboards/borgpull.yml",
        "grafana/provisioning/datasources/borgpull.yml",
        "prometheus/borgpull.rules.yml",
        "prometheus/prometheus.yml",
    }
    assert found["prometheus/prometheus.yml"] == (SOURCE / "prometheus/prometheus.yml").read_bytes()
    assert sorted(shown.out.split()) == sorted(str(tmp_path / "out" / name) for name in found)


def test_others_may_read_what_is_exported(world: CliWorld, tmp_path: Path) -> None:
    world.run("monitoring", "export", str(tmp_path / "out"))

    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*") if path.is_file()} == {0o644}


def test_exporting_again_changes_nothing_and_leaves_other_files_alone(world: CliWorld, tmp_path: Path) -> None:
    world.run("monitoring", "export", str(tmp_path / "out"))
    (tmp_path / "out/prometheus/mine.rules.yml").write_text("groups: []")
    before = _contents(tmp_path / "out")

    assert world.run("monitoring", "export", str(tmp_path / "out")).code == 0
    assert _contents(tmp_path / "out") == before


def test_a_file_that_somebody_changed_stops_the_export_before_it_begins(world: CliWorld, tmp_path: Path) -> None:
    rules = tmp_path / "prometheus/borgpull.rules.yml"
    rules.parent.mkdir()
    rules.write_text("groups: []")

    shown = world.run("monitoring", "export", str(tmp_path))

    assert shown.code == 3
    assert "prometheus/borgpull.rules.yml" in shown.err
    assert "--force" in shown.err
    assert rules.read_text() == "groups: []"
    assert not (tmp_path / "grafana").exists()


def test_with_force_a_changed_file_is_replaced(world: CliWorld, tmp_path: Path) -> None:
    rules = tmp_path / "prometheus/borgpull.rules.yml"
    rules.parent.mkdir()
    rules.write_text("groups: []")

    assert world.run("monitoring", "export", "--force", str(tmp_path)).code == 0
    assert rules.read_bytes() == (SOURCE / "prometheus/borgpull.rules.yml").read_bytes()


def test_a_folder_that_cannot_be_written_is_named(world: CliWorld, tmp_path: Path) -> None:
    (tmp_path / "prometheus").write_text("a file where a folder should be")

    shown = world.run("monitoring", "export", "--force", str(tmp_path))

    assert shown.code == 3
    assert f"{tmp_path}/prometheus" in shown.err


def test_an_image_without_the_files_says_so(tmp_path: Path) -> None:
    with pytest.raises(BorgpullError, match="not the image of Borgpull"):
        files(tmp_path)


# ---- what is provisioned fits together ----


def test_the_image_gets_every_file_that_is_exported() -> None:
    dockerfile = (_ROOT / "Dockerfile").read_text(encoding="utf-8")
    admitted = (_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    for room in {f"config/{file.path.parts[0]}" for file in files()}:
        assert f"COPY {room} /opt/borgpull/app/{room}\n" in dockerfile
        assert f"!{room}" in admitted


def test_prometheus_asks_the_supervisor_at_its_own_port_and_loads_the_rules() -> None:
    config = _read("prometheus/prometheus.yml")
    (job,) = config["scrape_configs"]
    port = ApplianceSettings().listen.rpartition(":")[2]

    assert job["job_name"] == "borgpull"
    assert job["static_configs"] == [{"targets": [f"supervisor:{port}"]}]
    assert [(SOURCE / "prometheus" / name).exists() for name in config["rule_files"]] == [True]


def test_grafana_asks_the_prometheus_of_the_same_file() -> None:
    (source,) = _read("grafana/provisioning/datasources/borgpull.yml")["datasources"]

    assert source["type"] == "prometheus"
    assert source["url"] == "http://prometheus:9090"
    assert (source["isDefault"], source["editable"]) == (True, False)
    assert source["uid"]
    assert source["jsonData"]["timeInterval"] == _read("prometheus/prometheus.yml")["global"]["scrape_interval"]


def test_grafana_finds_the_dashboards_where_the_volume_has_them() -> None:
    (provider,) = _read("grafana/provisioning/dashboards/borgpull.yml")["providers"]
    mounted = _mounts("grafana")["grafana-config"]
    told = _SERVICES["grafana"]["environment"]

    assert provider["type"] == "file"
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, False)
    assert _inside(provider["options"]["path"], mounted).is_dir()
    assert _inside(told["GF_PATHS_PROVISIONING"], mounted).is_dir()
    home = _inside(told["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"], mounted)
    assert json.loads(home.read_text(encoding="utf-8"))["uid"] == "borgpull-overview"


def _inside(path: str, mounted: str) -> Path:
    return SOURCE / "grafana" / Path(path).relative_to(mounted)


def test_prometheus_starts_with_the_configuration_of_its_volume() -> None:
    mounted = _mounts("prometheus")["prometheus-config"]

    assert f"--config.file={mounted}/prometheus.yml" in _SERVICES["prometheus"]["command"]


def test_both_wait_for_the_files_which_the_appliances_own_image_writes() -> None:
    init = _SERVICES["monitoring-files"]
    target = init["command"][-1]

    assert init["image"] == _SERVICES["supervisor"]["image"]
    assert init["command"][:3] == ["monitoring", "export", "--force"]
    assert _mounts("monitoring-files") == {
        "prometheus-config": f"{target}/prometheus",
        "grafana-config": f"{target}/grafana",
    }
    for service in ("prometheus", "grafana"):
        waits = _SERVICES[service]["depends_on"]["monitoring-files"]
        assert waits == {"condition": "service_completed_successfully"}


def test_nothing_of_it_needs_a_file_of_the_host_or_is_published_beyond_loopback() -> None:
    for name, service in _monitoring():
        assert all(not volume.startswith((".", "/", "$")) for volume in service["volumes"]), name
        assert all(":-127.0.0.1}:" in port for port in service.get("ports", ())), name
        assert service["cap_drop"] == ["ALL"], name


def test_images_of_others_have_a_version() -> None:
    for name in ("prometheus", "grafana"):
        assert _SERVICES[name]["image"].rpartition(":")[2].strip("v}")[0].isdigit()


def _monitoring() -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, one) for name, one in _SERVICES.items() if one.get("profiles") == ["monitoring"])
