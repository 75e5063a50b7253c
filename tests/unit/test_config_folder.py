"""Whatever stands in the folder, it is an appliance or a list of problems, and a change of it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.load import MAIN, default_keys, fingerprint, load, parse
from appliance.config.model import Appliance
from appliance.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path


def outcome(texts: dict[str, str]) -> Appliance | tuple[Problem, ...]:
    try:
        return parse(texts, {})
    except ConfigError as error:
        return error.problems


@given(st.text(max_size=200))
def test_any_text_is_an_appliance_or_a_list_of_problems(text: str) -> None:
    assert outcome({MAIN: text})
    assert outcome({MAIN: "", "clients.d/x.toml": text})


KEYS = st.sampled_from(
    ["host", "paths", "port", "keep", "every", "schedule", "method", "folder", "names", "reach", "x"]
)
VALUES = st.sampled_from(
    ['"a"', '"/"', '["/"]', '[""]', "[]", "{}", "{ daily = 1 }", "1", "-1", "1.5", "nan", "inf", "true", "2026-01-01",
     "12:00:00", '"6h"', '"@daily"', '"mount"', '"numeric"', '"direct"', "9999999999999999999", '[["x"]]'],
)  # fmt: skip
TABLES = st.dictionaries(KEYS, VALUES, max_size=8).map(lambda table: "".join(f"{k} = {v}\n" for k, v in table.items()))


@given(TABLES, TABLES, TABLES)
def test_any_values_are_an_appliance_or_a_list_of_problems(appliance: str, defaults: str, client: str) -> None:
    text = f"[appliance]\n{appliance}\n[defaults]\n{defaults}\n[clients.web1]\n{client}"

    found = outcome({MAIN: text})

    assert isinstance(found, Appliance) or len(set(found)) == len(found) > 0


def test_a_change_of_any_file_changes_the_fingerprint(tmp_path: Path) -> None:
    seen = [fingerprint(tmp_path)]
    (tmp_path / MAIN).write_text("", encoding="utf-8")
    seen.append(fingerprint(tmp_path))
    (tmp_path / MAIN).write_text("# one\n", encoding="utf-8")
    seen.append(fingerprint(tmp_path))
    (tmp_path / "clients.d").mkdir()
    (tmp_path / "clients.d" / "web1.toml").write_text("", encoding="utf-8")
    seen.append(fingerprint(tmp_path))
    (tmp_path / "clients.d" / "web1.toml").rename(tmp_path / "clients.d" / "web2.toml")
    seen.append(fingerprint(tmp_path))
    (tmp_path / "clients.d" / "web2.toml").unlink()
    (tmp_path / "clients.d" / "web2.toml").symlink_to("nowhere")
    seen.append(fingerprint(tmp_path))

    assert len(set(seen)) == len(seen)
    assert fingerprint(tmp_path) == seen[-1]


def test_files_that_are_no_configuration_do_not_change_the_fingerprint(tmp_path: Path) -> None:
    before = fingerprint(tmp_path)
    (tmp_path / "clients.d").mkdir()
    for name in (".web1.toml.swp", ".web1.toml", "web1.toml~", "README"):
        (tmp_path / "clients.d" / name).write_text("x", encoding="utf-8")

    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize("name", ["clients.d", "clients.d/web1.toml", MAIN])
def test_what_cannot_be_read_is_a_problem_and_never_a_lost_client(tmp_path: Path, name: str) -> None:
    (tmp_path / MAIN).write_text("", encoding="utf-8")
    if name == "clients.d":
        (tmp_path / name).write_text("a file where a folder should be", encoding="utf-8")
    else:
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).mkdir(parents=True)

    with pytest.raises(ConfigError, match=r"cannot be read \((?:is|not) a directory\); check its owner"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "keys"),
    [("", set()), ("[defaults]\nport = 22\nx = 1\n", {"port", "x"}), ("[defaults", set()), ("defaults = 1", set())],
)
def test_the_keys_of_the_defaults_are_told(tmp_path: Path, text: str, keys: set[str]) -> None:
    (tmp_path / MAIN).write_text(text, encoding="utf-8")

    assert default_keys(tmp_path) == keys


def test_a_missing_folder_has_no_defaults(tmp_path: Path) -> None:
    assert default_keys(tmp_path / "nowhere") == set()
