"""The image can be built for arm64 too: every locked package has a wheel for it, or is built from its source anyway."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_DEBIANS_PYTHON = (
    "--python-version",
    "3.13",
    "--implementation",
    "cp",
    "--abi",
    "cp313",
    "--abi",
    "abi3",
    "--abi",
    "none",
)
# Wheels for the C library of Debian trixie and older ones.
_PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34", "manylinux_2_39")
# What the Dockerfile builds from its source, whatever the processor.
_FROM_SOURCE = "borgbackup"


@pytest.mark.parametrize("machine", ["aarch64", "x86_64"])
@pytest.mark.parametrize("lock", ["runtime", "borg", "borg-build"])
def test_every_locked_package_is_there_for_the_processor(lock: str, machine: str, tmp_path: Path) -> None:
    # A requirement is a line with its hashes on the next ones.
    requirements = re.findall(
        r"^\S(?:.*\\\n)*.*$", (ROOT / f"locks/{lock}.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    wheels = tmp_path / "wheels.txt"
    wheels.write_text(
        "\n".join(one for one in requirements if not one.startswith(f"{_FROM_SOURCE}==")), encoding="utf-8"
    )
    platforms = [word for one in _PLATFORMS for word in ("--platform", f"{one}_{machine}")]

    done = subprocess.run(
        (
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--retries", "10", "--timeout", "60",
            "--require-hashes", "--only-binary", ":all:", *_DEBIANS_PYTHON, *platforms,
            "--requirement", str(wheels), "--dest", str(tmp_path / "found"),
        ),
        capture_output=True, text=True, check=False, timeout=540,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    compiled = [file.name for file in (tmp_path / "found").iterdir() if not file.name.endswith("-any.whl")]
    assert all(machine in name for name in compiled)
    assert compiled


def test_nothing_in_the_image_names_a_processor() -> None:
    """The loader's folders are asked of Python (`MULTIARCH`), and nothing else differs."""
    files = [ROOT / "Dockerfile", ROOT / "scripts/borgpull", *(ROOT / "appliance").rglob("*.py")]
    pattern = re.compile(r"x86_64|amd64|aarch64|arm64|linux-gnu")

    assert [str(file) for file in files if pattern.search(file.read_text(encoding="utf-8"))] == []
