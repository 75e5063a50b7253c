"""The file of a new client: judged before it is there, and there whole or not at all; no file is ever replaced."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from appliance.config.folder import CLIENT_FILES, read_files
from appliance.config.load import parse
from appliance.errors import ConfigError, Problem, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Appliance, Client


def free_file(world: Surroundings, appliance: Appliance, name: str) -> Path:
    """Return where the client's file will be; raises ConfigError when there is such a client already."""
    file = world.config_folder / CLIENT_FILES / f"{name}.toml"
    if appliance.client(name) is not None or file.exists():
        where = f"{CLIENT_FILES}/{name}.toml" if file.exists() else "borgpull.toml"
        raise ConfigError([Problem(where, "", f"client {name!r} is there already; edit the file, nothing was changed")])
    return file


def judged(world: Surroundings, name: str, text: str) -> Client:
    """Return the client that this file would make; raises ConfigError with every problem."""
    texts, problems = read_files(world.config_folder)
    if problems:
        raise ConfigError(problems)
    # The environment says only the time zone, and that held when the configuration was loaded.
    client = parse({**texts, f"{CLIENT_FILES}/{name}.toml": text}, {}).client(name)
    if client is None:
        raise StateError(f"{CLIENT_FILES}/{name}.toml would hold no client; please report this")
    return client


@contextmanager
def written(file: Path, text: str) -> Iterator[None]:
    """Put a new file there, and take it away again when what follows fails; raises StateError, ConfigError."""
    put(file, text)
    is_good = False
    try:
        yield
        is_good = True
    finally:
        if not is_good:
            file.unlink(missing_ok=True)


def put(file: Path, text: str) -> None:
    """Put a new file there in one step; raises ConfigError where one has come meanwhile, StateError."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(exist_ok=True)
        with fresh.open("x", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        _appear(fresh, file, text)
    except FileExistsError as error:
        problem = Problem(f"{CLIENT_FILES}/{file.name}", "", "is there already; nothing was changed")
        raise ConfigError([problem]) from error
    except OSError as error:
        raise StateError(f"{file} cannot be written: {error.strerror}; is /config mounted writable?") from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _appear(fresh: Path, file: Path, text: str) -> None:
    """Unlike a rename, neither a link nor an exclusive file ever takes the place of what is there."""
    try:
        os.link(fresh, file)
    except FileExistsError:
        raise
    except OSError:
        # A share without hard links.
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
