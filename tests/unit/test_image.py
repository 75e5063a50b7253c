from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_image_names_the_borg_that_is_locked() -> None:
    (locked,) = re.findall(r"^borgbackup==(\S+)", (ROOT / "locks/borg.txt").read_text(), re.MULTILINE)

    assert f"BORGPULL_BORG_VERSION={locked} " in (ROOT / "Dockerfile").read_text()


def test_the_image_has_the_version_of_the_package() -> None:
    (version,) = re.findall(r'__version__ = "(.+)"', (ROOT / "appliance/__init__.py").read_text())

    assert f"ARG VERSION={version}\n" in (ROOT / "Dockerfile").read_text()
