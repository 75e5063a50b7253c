"""The environment, also by files: what a file says counts, and a bad one is told in a sentence."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from appliance.config.given import VARIABLES, with_files
from appliance.edges.notify_urls import NotifyUrls
from appliance.errors import ConfigError, StateError

ROOT = Path(__file__).parents[2]
# What is written into the image, what the engine gives to every container, and what hooks are told on a client.
NO_SETTINGS = {"BORGPULL_VERSION", "BORGPULL_REVISION", "BORGPULL_BORG_VERSION", "HOSTNAME"}
NO_SETTINGS |= {"BORGPULL_CLIENT", "BORGPULL_OUTCOME", "BORGPULL_RUN", "BORGPULL_STREAM"}
# Has no other form: it is a file's name already.
NO_SETTINGS |= {"BORGPULL_ESCROW_PASSPHRASE_FILE"}


def sentence(environment: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as refused:
        with_files(environment)
    (problem,) = refused.value.problems
    return str(problem)


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_can_come_from_a_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "value").write_text(" one \n", encoding="utf-8")

    given = with_files({f"{name}_FILE": str(tmp_path / "value"), "PATH": "/bin"})

    assert given == {name: "one", "PATH": "/bin"}


def test_a_file_that_is_not_ours_is_left_alone() -> None:
    environment = {"SSL_CERT_FILE": "/nowhere", "TZ": "UTC", "PUID_FILE": ""}

    assert with_files(environment) == {"SSL_CERT_FILE": "/nowhere", "TZ": "UTC"}


def test_a_variable_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "zone").write_text("UTC")

    said = sentence({"TZ": "UTC", "TZ_FILE": str(tmp_path / "zone")})

    assert said == "environment: TZ_FILE: the variable without _FILE is set too; keep one of them"


@pytest.mark.parametrize("content", [b"", b" \n", b"a\nb\n", b"x" * 5000, b"\xff"])
def test_a_file_without_exactly_one_line_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "zone").write_bytes(content)

    said = sentence({"TZ_FILE": str(tmp_path / "zone")})

    assert said.startswith(f"environment: TZ_FILE: {tmp_path}/zone ")
    assert "write the value into it" in said


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = sentence({"PUID_FILE": str(tmp_path / "gone")})

    assert f"{tmp_path}/gone cannot be read (No such file or directory)" in said


def test_every_bad_file_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        with_files({"PUID_FILE": "/gone/1", "TZ_FILE": "/gone/2"})

    assert len(refused.value.problems) == 2


def test_no_variable_is_read_that_is_not_documented() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "appliance").rglob("*.py"))
    read = set(re.findall(r"\"(BORGPULL_[A-Z_]+|DOCKER_HOST|TZ|PUID|PGID|UMASK|HOSTNAME)\"", code)) - NO_SETTINGS
    reference = (ROOT / "docs/reference/environment.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \|", reference, re.MULTILINE)

    assert read <= set(VARIABLES)
    assert sorted(rows) == sorted(VARIABLES)


def test_the_url_of_a_channel_may_be_a_secret_of_docker(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("mailto://x\n", encoding="utf-8")

    assert NotifyUrls(tmp_path / "config", tmp_path).read("mail") == "mailto://x"


def test_the_configurations_own_file_goes_before_a_secret_of_docker(tmp_path: Path) -> None:
    own = tmp_path / "config/secrets/notify_urls"
    own.mkdir(parents=True)
    (own / "mail").write_text("mailto://own\n", encoding="utf-8")
    (tmp_path / "mail").write_text("mailto://docker\n", encoding="utf-8")

    assert NotifyUrls(tmp_path / "config", tmp_path).read("mail") == "mailto://own"


def test_a_url_that_is_nowhere_names_the_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="/config/secrets/notify_urls/mail cannot be read"):
        NotifyUrls(tmp_path, tmp_path).read("mail")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - nothing was made
