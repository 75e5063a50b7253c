"""Whole configuration folders: the good ones with their effective values, the bad ones with every printed problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.load import CLIENT_FILES, MAIN, load, parse
from appliance.config.write import to_toml
from appliance.errors import ConfigError, ExitCode

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "data" / "config"
VALID = sorted(SAMPLES.glob("valid/*"))
INVALID = sorted(SAMPLES.glob("invalid/*"))


@pytest.mark.parametrize("folder", INVALID, ids=lambda folder: folder.name)
def test_a_bad_folder_prints_exactly_these_problems(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(folder, {})

    printed = str(caught.value).replace(str(folder), "/config")
    assert printed + "\n" == (folder / "expected.txt").read_text(encoding="utf-8")
    assert caught.value.exit_code is ExitCode.CONFIG


@pytest.mark.parametrize("folder", INVALID, ids=lambda folder: folder.name)
def test_no_problem_speaks_the_language_of_a_library(folder: Path) -> None:
    printed = (folder / "expected.txt").read_text(encoding="utf-8").lower()

    for jargon in ("pydantic", "input should", "value error", "validat", "traceback", "none", "nan", "tuple", "enum"):
        assert jargon not in printed.replace('"none"', "")
    assert "hunter2" not in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize("folder", VALID, ids=lambda folder: folder.name)
def test_a_good_folder_has_exactly_these_effective_values(folder: Path) -> None:
    appliance = load(folder, {})

    assert to_toml(appliance) == (folder / "effective.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", VALID, ids=lambda folder: folder.name)
def test_what_is_shown_reads_back_as_the_same_appliance(folder: Path) -> None:
    appliance = load(folder, {})

    # Only that nothing is written is no longer true.
    assert parse({MAIN: to_toml(appliance)}, {}) == appliance.model_copy(update={"is_main_blank": False})


@pytest.mark.parametrize("file", ["minimal.toml", "borgpull.example.toml"])
def test_the_files_we_hand_out_are_valid(file: str) -> None:
    text = (ROOT / "config" / file).read_text(encoding="utf-8")

    appliance = parse({MAIN: text}, {})

    assert appliance.client("web1") is not None
    assert parse({MAIN: to_toml(appliance)}, {}) == appliance


def test_the_client_files_we_hand_out_are_valid() -> None:
    folder = ROOT / "config" / "clients.d.example"
    texts = {f"{CLIENT_FILES}/{path.name}": path.read_text(encoding="utf-8") for path in folder.glob("*.toml")}

    appliance = parse({MAIN: "", **texts}, {})

    assert len(appliance.clients) == len(texts) > 0
