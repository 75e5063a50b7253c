"""The JSON Schemas for editors: built from the code, true of every example, and a help where something is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from appliance.config.keys import ALL_KEYS
from appliance.config.model import ApplianceSettings
from scripts.schema.__main__ import FOLDER
from scripts.schema.build import files

ROOT = Path(__file__).parents[2]
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in sorted((ROOT / "docs").rglob("*.md"))
    for number, block in enumerate(
        re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    )
]
TABLES = {"appliance", "defaults", "clients"}


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    return found


def wrong(text: str, name: str = "borgpull") -> list[str]:
    """Name the places that an editor marks."""
    found = Draft7Validator(schema(name)).iter_errors(tomllib.loads(text))
    return [".".join(str(part) for part in error.absolute_path) for error in found]


def test_the_files_are_those_of_the_code() -> None:
    assert {name: (FOLDER / name).read_text("utf-8") for name in files()} == files(), "run `python -m scripts.schema`"


@pytest.mark.parametrize("name", ["borgpull", "client"])
def test_they_are_schemas(name: str) -> None:
    Draft7Validator.check_schema(schema(name))


def test_every_key_is_known_and_told_and_no_other() -> None:
    known = schema("borgpull")
    client = known["definitions"]["client"]["properties"]

    assert set(client) == ALL_KEYS
    assert set(known["properties"]["appliance"]["properties"]) == set(ApplianceSettings.model_fields)
    silent = [
        key
        for key, one in (client | known["properties"]["appliance"]["properties"]).items()
        if not one.get("description")
    ]
    assert silent == []


@pytest.mark.parametrize("file", ["minimal.toml", "borgpull.example.toml"])
def test_the_examples_are_right(file: str) -> None:
    assert wrong((ROOT / "config" / file).read_text("utf-8")) == []


@pytest.mark.parametrize("block", BLOCKS)
def test_what_the_docs_show_is_right(block: str) -> None:
    table = tomllib.loads(block)

    assert wrong(block, "borgpull" if table.keys() <= TABLES else "client") == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[clients.web]\nhots = "web.lan"', "clients.web"),
        ("[appliance]\nmax_parallel = 0", "appliance.max_parallel"),
        ('[defaults]\nmax_age = "soon"', "defaults.max_age"),
        ('[defaults]\nschedule = "@daily"\nevery = "6h"', "defaults"),
        ('[clients.web]\nmethod = "ftp"', "clients.web.method"),
        ('[clients.web]\nmethod = "mount"\nhost = "web.lan"', "clients.web"),
        ("[defaults]\nkeep = { dayly = 7 }", "defaults.keep"),
        ('[clients.Web]\nhost = "web.lan"', "clients"),
        ("[client.web]", ""),
    ],
)
def test_what_cannot_be_right_is_marked_where_it_stands(text: str, place: str) -> None:
    assert place in wrong(text)


def test_a_clients_own_file_may_have_its_heading_or_none() -> None:
    assert wrong('host = "web.lan"\npaths = ["/"]', "client") == []
    assert wrong('[clients.web]\nhost = "web.lan"\npaths = ["/"]', "client") == []
    assert wrong('hots = "web.lan"', "client") != []
