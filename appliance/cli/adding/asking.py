"""Questions of a dialogue: asked until the configuration can hold the answer, or until what was tried works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from appliance.cli.client_files import judged
from appliance.cli.readable import safe_lines
from appliance.config.load import default_keys
from appliance.config.write import client_file
from appliance.errors import BorgpullError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Client

Seen = TypeVar("Seen")


class Draft:
    """The keys of a new client as far as they are said; each new one is judged by the configuration's own reader."""

    def __init__(self, world: Surroundings, name: str, given: dict[str, Any]) -> None:
        """Begin with what the command line gave."""
        self.world = world
        self.name = name
        self.values = dict(given)
        self.inherited = default_keys(world.config_folder)

    def client(self, **more: Any) -> Client:
        """Return the client as it stands, with `more` keys; raises ConfigError."""
        return judged(self.world, self.name, client_file(self.name, {**self.values, **more}, self.inherited))

    def ask(self, key: str, question: str, default: str | None = None, read: Callable[[str], Any] = str) -> None:
        """Ask for a key until it holds, unless it was given; the default is not written down where it holds anyway."""
        if key in self.values:
            return
        while True:
            answer = click.prompt(question, default=default, value_proc=read)
            try:
                self.client(**{key: answer})
            except ConfigError as error:
                say_problems(error)
                continue
            self.values[key] = answer
            return


def say_problems(error: ConfigError) -> None:
    """Say what is wrong with an answer."""
    for problem in error.problems:
        click.echo(f"  {safe_lines(problem.sentence)}")


def until_it_works(act: Callable[[], Seen]) -> Seen:
    """Try, and on a failure say why and wait for Enter; Ctrl-C ends it."""
    while True:
        try:
            return act()
        except BorgpullError as error:
            click.echo(f"\n{safe_lines(str(error))}")
        pause("Enter tries again; Ctrl-C gives up")


def pause(words: str) -> str:
    """Wait for Enter, and return what was typed before it."""
    typed: str = click.prompt(f"\n{words}", default="", show_default=False)
    return typed.strip().lower()


def heading(number: int, words: str) -> None:
    """Begin a part of the dialogue."""
    click.echo()
    click.secho(f"{number}. {words}", bold=True)
