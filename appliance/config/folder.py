"""The configuration folder on the disk: which files count, what stands in them, and whether they changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

MAIN = "borgpull.toml"
CLIENT_FILES = "clients.d"


def read_files(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the text of each file, and what cannot be read; raises ConfigError when a folder cannot be listed."""
    texts: dict[str, str] = {}
    problems = []
    try:
        paths = _files(folder)
    except OSError as error:
        raise ConfigError([Problem(str(error.filename), "", _unreadable(error))]) from error
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            # Editors on Windows put a byte order mark before the first letter.
            texts[name] = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            problems.append(Problem(name, "", f"is not UTF-8 text (byte {error.start}); save it as UTF-8"))
        except OSError as error:
            problems.append(Problem(name, "", _unreadable(error)))
    return texts, problems


def fingerprint(folder: Path) -> str:
    """Return name, time of change (ns) and size (bytes) of each file: another text means another look is due."""
    found = []
    try:
        for path in _files(folder):
            state = path.stat()
            found.append(f"{path.relative_to(folder).as_posix()} {state.st_mtime_ns} {state.st_size}")
    except OSError as error:
        # Deleted since it was listed, or out of reach: either way something has changed, and `load` will say what.
        found.append(str(error))
    return "\n".join(found)


def _files(folder: Path) -> list[Path]:
    """List what there is to read; raises OSError rather than lose clients when a folder cannot be listed."""
    main = folder / MAIN
    try:
        names = sorted(path.name for path in (folder / CLIENT_FILES).iterdir())
    except FileNotFoundError:
        names = []
    clients = [folder / CLIENT_FILES / name for name in names if name.endswith(".toml") and not name.startswith(".")]
    return [*([main] if main.exists() else []), *clients]


def _unreadable(error: OSError) -> str:
    return f"cannot be read ({(error.strerror or 'no reason given').lower()}); check its owner, its mode and its volume"
