"""Looks what is installed in the image: Debian's packages, and those of both Python environments."""

from __future__ import annotations

import re
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan.bill import Component

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from importlib.metadata import Distribution

# Some packages put the whole text where a name belongs.
_LONGEST_NAME = 100
_CLASSIFIER = "License :: OSI Approved :: "


def inventory(root: Path = Path("/")) -> tuple[Component, ...]:
    """Return every package below `root`; raises StateError where there is no image of ours."""
    try:
        found = (*_debian(root), *_python(root))
    except OSError as error:
        raise StateError(
            f"{error.filename} cannot be read ({error.strerror}); what is inside the image can be told only in it"
        ) from error
    return tuple(sorted(found))


def _debian(root: Path) -> Iterator[Component]:
    for paragraph in (root / "var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][A-Za-z-]*): ?(.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            place = Path("usr/share/doc", fields["Package"], "copyright")
            yield Component(
                kind="deb",
                name=fields["Package"],
                version=fields["Version"],
                architecture=fields["Architecture"],
                licences=_debian_licences(root / place),
                place=f"/{place}",
            )


def _debian_licences(file: Path) -> tuple[str, ...]:
    """Return the short names that a machine-readable copyright file uses; none for one in plain prose."""
    if not file.is_file():
        return ()
    text = file.read_text(encoding="utf-8", errors="replace")
    if not re.search(r"^Format:", text, re.MULTILINE):
        return ()
    names = re.findall(r"^License: *(\S.*)$", text, re.MULTILINE)
    return tuple(sorted({name.strip() for name in names if len(name) <= _LONGEST_NAME}))


def _python(root: Path) -> Iterator[Component]:
    for folder in sorted((root / "opt").glob("*/lib/python3*/site-packages")):
        for one in distributions(path=[str(folder)]):
            yield _wheel(one, folder.relative_to(root))


def _wheel(one: Distribution, folder: Path) -> Component:
    described: Message = one.metadata  # type: ignore[assignment] # what it is; the stub promises less
    return Component(
        kind="pypi",
        name=str(described["Name"]),
        version=one.version,
        licences=_wheel_licences(described),
        expression=str(described.get("License-Expression") or ""),
        place=f"/{folder}/{described['Name'].replace('-', '_').lower()}-{one.version}.dist-info",
    )


def _wheel_licences(described: Message) -> tuple[str, ...]:
    classifiers = (str(line) for line in described.get_all("Classifier") or ())
    names = {line.removeprefix(_CLASSIFIER) for line in classifiers if line.startswith(_CLASSIFIER)}
    own = str(described.get("License") or "").strip()
    if not names and own and len(own) <= _LONGEST_NAME and "\n" not in own:
        names = {own}
    return tuple(sorted(names))
