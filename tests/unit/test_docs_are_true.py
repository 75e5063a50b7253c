"""What the documents say exists: links, commands with their options, make targets and files of the repository."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from appliance.cli.commands import borgpull
from appliance.notice import AlarmKind
from appliance.plan.due import PERMANENT
from appliance.record import Reason

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TROUBLES = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```.*?^```$|^    .+?$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def pieces_of_code(page: Path) -> list[str]:
    """Every line of a block of code and every span of code, comments left out."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    spans = [" ".join(span.split()) for _, span in SPAN.findall(BLOCK.sub("", text))]
    return [re.sub(r"\s+#\s.*", "", piece) for piece in (*lines, *spans)]


def anchors(page: Path) -> set[str]:
    """The places in a page that a link can name, as GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(piece: str) -> list[list[str]]:
    """The words after each `borgpull` in a piece of code."""
    found = re.findall(r"(?<![\w./:-])borgpull +([a-z-][^|>&;)]*)", piece.replace("…", ""))
    return [shlex.split(words) for words in found]


def why_wrong(words: list[str]) -> str:
    """Walk the words through the tree of commands: "" when each of them is there, else what is not."""
    command: click.Command = borgpull
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, *words = words
        found = command.get_command(context, name)
        if found is None:
            return f"no command {name}"
        command = found
    known = {option for parameter in command.params for option in parameter.opts} | set(
        command.get_help_option_names(context)
    )
    # What stands behind `--` is for another program.
    ours = words[: words.index("--")] if "--" in words else words
    given = {word.partition("=")[0] for word in ours if word.startswith("--")}
    return ", ".join(sorted(f"no option {option}" for option in given - known))


@every_page
def test_each_relative_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        place = page.parent / file if file else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            lost.append(target)

    assert lost == []


@every_page
def test_each_command_exists_with_its_options(page: Path) -> None:
    named = [words for piece in pieces_of_code(page) for words in commands(piece)]

    assert {" ".join(words): wrong for words in named if (wrong := why_wrong(words))} == {}


def test_the_documents_do_name_commands() -> None:
    named = {words[0] for page in PAGES for piece in pieces_of_code(page) for words in commands(piece)}

    assert named >= {"client", "run", "status", "doctor", "key", "config", "pause", "plan", "archives", "files"}


@every_page
def test_each_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for piece in pieces_of_code(page) for target in re.findall(r"(?:^|\s)make ([a-z]+)", piece)}

    assert named <= targets


@every_page
def test_each_file_of_the_repository_exists(page: Path) -> None:
    named = [piece for piece in pieces_of_code(page) if re.fullmatch(r"(?:[a-z0-9_]+/)+(?:[\w.-]+\.py)?", piece)]
    own = [path for path in named if path.endswith(".py") or path.startswith(("tests/", "docs/", "appliance/"))]

    assert [path for path in own if not any((place / path).exists() for place in (ROOT, ROOT / "appliance"))] == []


def test_each_reason_has_an_entry_and_each_entry_is_a_reason() -> None:
    assert sorted(re.findall(r"^### (.+)$", TROUBLES, re.MULTILINE)) == sorted(reason.value for reason in Reason)


def test_each_alarm_has_an_entry_and_each_entry_is_an_alarm() -> None:
    page = (ROOT / "docs" / "how-to" / "notifications.md").read_text(encoding="utf-8")

    assert sorted(re.findall(r"^### (.+)$", page, re.MULTILINE)) == sorted(kind.replace("_", " ") for kind in AlarmKind)


def test_the_entries_tell_truly_what_is_not_tried_again() -> None:
    waiting = re.findall(r"^### (\w+)\n\n\*Waits for you\.\*", TROUBLES, re.MULTILINE)

    assert sorted(waiting) == sorted(reason.value for reason in PERMANENT)


def blocks_of(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [block for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if block[0] == "#"]


def test_the_handbook_has_the_blocks_that_tests_carry_out() -> None:
    carried_out = blocks_of("how-to/the-nas-is-dead.md") + blocks_of("how-to/bare-metal.md")

    assert [block for block in blocks_of("handbook.md") if block not in carried_out] == []
    assert len(blocks_of("handbook.md")) >= 9
