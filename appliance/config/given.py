"""What the environment gives, also by files: `NAME_FILE` names a file with the value, as Docker secrets have it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every variable that an operator may set; docs/reference/environment.md has each.
VARIABLES = (
    "BORGPULL_CONFIG",
    "BORGPULL_CONTAINER_ID",
    "BORGPULL_HOST_PATH_CONFIG",
    "BORGPULL_HOST_PATH_REPOS",
    "BORGPULL_HOST_PATH_RESTORED",
    "BORGPULL_HOST_PATH_STATE",
    "BORGPULL_REPOS",
    "BORGPULL_RESTORED",
    "BORGPULL_STATE",
    "DOCKER_CERT_PATH",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "PGID",
    "PUID",
    "TZ",
    "UMASK",
)
_SUFFIX = "_FILE"
# None of these is longer; a file that is, is another one.
_LONGEST = 4096


def with_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the values out of the files that it names; raises ConfigError with every problem.

    Of what is not ours (SSL_CERT_FILE and the like) nothing is read.
    """
    given, problems = dict(environment), list[Problem]()
    for name in VARIABLES:
        file = given.pop(f"{name}{_SUFFIX}", "")
        if not file:
            continue
        try:
            given[name] = _value(Path(file), besides=environment.get(name, ""))
        except ValueError as error:
            problems.append(Problem("environment", f"{name}{_SUFFIX}", str(error)))
    if problems:
        raise ConfigError(problems)
    return given


def _value(file: Path, *, besides: str) -> str:
    """Return the file's one line, without what surrounds it; raises ValueError with a sentence."""
    if besides:
        raise ValueError("the variable without _FILE is set too; keep one of them")
    try:
        with file.open("rb") as stream:
            text = stream.read(_LONGEST + 1).decode("utf-8").strip()
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror}); is it mounted into this container?") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is no text; write the value into it, on one line") from error
    if not text or len(text) > _LONGEST or len(text.splitlines()) != 1:
        raise ValueError(f"{file} holds not exactly one line; write the value into it, and nothing else")
    return text
