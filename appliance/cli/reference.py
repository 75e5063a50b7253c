"""The reference pages, written from the commands themselves by `python -m appliance.cli.reference`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.cli.commands import borgpull
from appliance.cli.metrics_reference import metrics_page
from appliance.cli.trust_reference import trust_page
from appliance.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path("docs/reference")
_CLI_HEAD = """\
# Command line

Run it in the supervisor's container: `docker compose exec supervisor borgpull …`.
Every command takes `--help`. `--json` prints nothing but JSON on standard output; progress and trouble go to standard
error. Colours are left out in pipes and with `NO_COLOR` set. [Exit codes](exit-codes.md) are the same for all commands.

<!-- Written by `python -m appliance.cli.reference`; change the commands, not this page. -->
"""
_CODES_HEAD = """\
# Exit codes

Every command of `borgpull` ends with one of these; for `run` and `client probe` it is the outcome of the run, and that
of the worst one when there are several. A pull container ends with the same codes.

<!-- Written by `python -m appliance.cli.reference`; change ExitCode, not this page. -->

| code | name | meaning |
|---:|---|---|
"""


def pages() -> dict[str, str]:
    """Return every page by its file name."""
    return {
        "cli.md": _cli_page(),
        "exit-codes.md": _codes_page(),
        "trust.md": trust_page(),
        "metrics.md": metrics_page(),
    }


def _codes_page() -> str:
    return _CODES_HEAD + "".join(f"| {int(code)} | {code.name.lower()} | {code.note} |\n" for code in ExitCode)


def _cli_page() -> str:
    return _CLI_HEAD + "".join(_section(path, command) for path, command in _commands((), borgpull))


def _commands(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every visible command below, with the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, info_name="borgpull")
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None and not inner.hidden:
            yield from _commands((*path, name), inner)


def _section(path: tuple[str, ...], command: click.Command) -> str:
    words = " ".join(("borgpull", *path))
    context = click.Context(command, info_name=words, max_content_width=100, terminal_width=100)
    usage = " ".join(command.collect_usage_pieces(context))
    help_text, _, example = inspect.cleandoc(command.help or "").partition("Example: ")
    lines = [f"\n## {words}\n\n{' '.join(help_text.split())}\n\n    {words} {usage}\n"]
    if example:
        lines.append(
            "\nFor example:\n\n"
            + "".join(f"    {line.removeprefix('Or: ')}\n" for line in example.splitlines() if line)
        )
    options = [_option(parameter, context) for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        lines.append("\n| option | |\n|---|---|\n" + "".join(options))
    return "".join(lines)


def _option(option: click.Option, context: click.Context) -> str:
    written = option.get_help_record(context)
    names, meaning = written if written is not None else (" ".join(option.opts), option.help or "")
    # A bar inside would end the table's cell.
    shown = " ".join(meaning.split())
    return f"| `{names.replace('|', ' or ')}` | {shown.replace('|', ' or ')} |\n"


def write(folder: Path = FOLDER) -> None:
    """Write every page into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
