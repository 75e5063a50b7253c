"""The files for Prometheus and Grafana that come with the image, and how they are copied elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.errors import BorgpullError

# Beside the package, in a clone as in the image.
SOURCE = Path(__file__).parents[2] / "config"
_ROOMS = ("prometheus", "grafana")
_TESTS = "tests"
# Prometheus and Grafana run as users of their own, and no secret is in these.
_READABLE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """One file: `path` below the folder it is exported to, and what it holds."""

    path: Path
    content: bytes


def files(source: Path = SOURCE) -> tuple[ExportedFile, ...]:
    """Return all of them but the rules' tests; raises BorgpullError when they are not there."""
    try:
        found = tuple(
            ExportedFile(path=path.relative_to(source), content=path.read_bytes())
            for room in _ROOMS
            for path in sorted((source / room).rglob("*"))
            if path.is_file() and _TESTS not in path.relative_to(source).parts
        )
    except OSError as error:
        raise BorgpullError(f"the files for monitoring in {source} cannot be read: {error.strerror}") from error
    if not found:
        raise BorgpullError(f"the files for monitoring are not in {source}; this is not the image of Borgpull")
    return found


def changed(files_: tuple[ExportedFile, ...], target: Path) -> tuple[Path, ...]:
    """Return what stands in the folder already with another content; raises BorgpullError when it cannot be read."""
    try:
        return tuple(
            file.path
            for file in files_
            if (target / file.path).exists() and (target / file.path).read_bytes() != file.content
        )
    except OSError as error:
        raise BorgpullError(f"{error.filename} cannot be read: {error.strerror}; export to another folder") from error


def export(files_: tuple[ExportedFile, ...], target: Path) -> None:
    """Write them into the folder, each in one step; raises BorgpullError when it cannot be written."""
    try:
        for file in files_:
            path = target / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.new")
            beside.write_bytes(file.content)
            beside.chmod(_READABLE)
            beside.replace(path)
    except OSError as error:
        raise BorgpullError(f"{error.filename} cannot be written: {error.strerror}; export elsewhere") from error
