"""The operator's passphrase for the escrow: from a file or typed, never from the command line or the environment."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from appliance.errors import BorgpullError
from appliance.plan.escrow import LEAST_PASSPHRASE

# gpg takes no longer one.
_LONGEST = 255


def read_passphrase(file: str | None, *, is_new: bool) -> bytes:
    """Return it; a new one is asked for twice and must be long enough. Raises BorgpullError, or UsageError."""
    passphrase = _from_file(file) if file else _typed(is_new=is_new)
    if is_new and len(passphrase) < LEAST_PASSPHRASE:
        raise BorgpullError(
            f"this passphrase will guard everything: take at least {LEAST_PASSPHRASE} letters, better six random words"
        )
    if not passphrase or len(passphrase) > _LONGEST:
        raise BorgpullError(f"a passphrase has 1 to {_LONGEST} bytes, and this one {len(passphrase)}")
    return passphrase


def _from_file(file: str) -> bytes:
    try:
        return Path(file).read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        raise BorgpullError(f"the passphrase's file {file} cannot be read: {error.strerror}") from error


def _typed(*, is_new: bool) -> bytes:
    if not sys.stdin.isatty():
        raise click.UsageError(
            "there is no terminal to ask for the passphrase: give --passphrase-file FILE (/dev/stdin is one, too)."
        )
    typed: str = click.prompt("Passphrase of the escrow", hide_input=True, confirmation_prompt=is_new, err=True)
    return typed.encode("utf-8", "surrogateescape")
