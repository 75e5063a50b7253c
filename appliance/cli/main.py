"""Carry out one command line; the one place where trouble becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from appliance.cli.commands import borgpull
from appliance.errors import BorgpullError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.cli.surroundings import Surroundings


def run(arguments: Sequence[str], world: Surroundings | None = None) -> int:
    """Return the exit code; `world` is the real one unless tests give theirs."""
    try:
        result = borgpull.main(list(arguments), prog_name="borgpull", standalone_mode=False, obj=world)
        sys.stdout.flush()
    except (click.ClickException, click.Abort, BorgpullError) as error:
        return _expected(error)
    except (BrokenPipeError, SystemExit):
        # The reader of our pipe (`| head`) has seen enough; click and rich then leave by SystemExit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.SUCCESS
    except Exception:  # noqa: BLE001 - the last stop: a fault of ours ends with its documented code
        traceback.print_exc()
        click.echo("borgpull: this is a fault in Borgpull itself; please report it with the lines above", err=True)
        return ExitCode.INTERNAL
    return int(result or ExitCode.SUCCESS)


def _expected(error: click.ClickException | click.Abort | BorgpullError) -> ExitCode:
    match error:
        case click.Abort():
            return ExitCode.CANCELLED
        case click.ClickException():
            error.show()
            return ExitCode.CONFIG
        case BorgpullError():
            click.echo(f"borgpull: {error}", err=True)
            return error.exit_code
