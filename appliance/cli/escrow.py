"""`borgpull escrow`: everything that another machine needs, in one encrypted file; its proof; and the way back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from appliance.cli.escrow_check import check_bundle
from appliance.cli.escrow_make import make_bundle
from appliance.cli.escrow_passphrase import read_passphrase
from appliance.cli.escrow_restore import restore_bundle
from appliance.cli.surroundings import Surroundings, in_surroundings
from appliance.errors import BorgpullError


@click.command()
@click.option("--to", "target", metavar="FILE", help="Where the bundle goes; - is standard output.")
@click.option(
    "--check", "checked", metavar="FILE", help="Prove that this bundle and /repos are enough; - is standard input."
)
@click.option(
    "--restore", "restored", metavar="FILE", help="Make this new appliance what the bundle's was; - is standard input."
)
@click.option(
    "--passphrase-file",
    metavar="FILE",
    envvar="BORGPULL_ESCROW_PASSPHRASE_FILE",
    help="Take your passphrase from the first line of this file. Without it, you are asked.",
)
@click.option("--json", "for_programs", is_flag=True, help="With --check: print a JSON list, one object a client.")
@in_surroundings
def escrow(
    world: Surroundings,
    *,
    target: str | None,
    checked: str | None,
    restored: str | None,
    passphrase_file: str | None,
    for_programs: bool,
) -> None:
    """Put all that a restore on another machine needs into one file, encrypted with a passphrase of yours.

    Configuration, keys, passphrases, pinned host keys and the journal. Keep the file where this server is not, and the
    passphrase where the file is not. `gpg --decrypt` of any Linux opens it, and its README.txt says how to go on.

    Example: borgpull escrow --to /restored/borgpull-escrow.gpg
    Or: borgpull escrow --check /restored/borgpull-escrow.gpg
    """
    given = [one for one in (target, checked, restored) if one is not None]
    if len(given) > 1:
        raise click.UsageError("--to, --check and --restore exclude each other.")
    if for_programs and checked is None:
        raise click.UsageError("--json goes with --check.")
    source = checked if checked is not None else restored
    if source is None:
        if target == "-" and sys.stdout.isatty():
            raise click.UsageError("--to - writes a file to standard output, which is a terminal here: add `> FILE`.")
        make_bundle(world, target, lambda: read_passphrase(passphrase_file, is_new=True))
        return
    sealed = _read(source)
    passphrase = read_passphrase(passphrase_file, is_new=False)
    if checked is not None:
        check_bundle(world, sealed, passphrase, for_programs=for_programs)
    else:
        restore_bundle(world, sealed, passphrase)


def _read(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise BorgpullError(f"{source} cannot be read: {error.strerror}") from error
