"""`borg prune`, `delete` and `compact`: what leaves the repository for good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from appliance.borg.command import REPOSITORY, Command, borg
from appliance.borg.output import LogMessage, read_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appliance.plan.run_plan import RunPlan

# Borg prints "Would prune:   NAME   TIME [ID]"; a name is a client's text and may hold anything, an id at the end not.
_KEPT = re.compile(r"Keeping archive \(rule: ([a-z\[\]]+) #(\d+)\): .*\[([0-9a-f]{64})\]", re.DOTALL)
_DOOMED = re.compile(r"Would prune: .*\[([0-9a-f]{64})\]", re.DOTALL)


def would_prune(plan: RunPlan) -> Command:
    """Ask Borg which archives under final names of this client its rules would delete; nothing is deleted."""
    options = ("--dry-run", "--list", *plan.keep, "--glob-archives", f"{plan.client}-*")
    return borg(plan, "prune", *options, REPOSITORY)


def read_doomed(stderr: str) -> frozenset[str]:
    """Return the ids of the archives that it would delete."""
    matches = (_DOOMED.fullmatch(message) for message in _messages(stderr))
    return frozenset(match[1] for match in matches if match)


def read_kept(stderr: str) -> Mapping[str, str]:
    """Return the ids of the archives that it would keep, each with the rule that does: `daily 1`, `weekly 3`."""
    matches = (_KEPT.fullmatch(message) for message in _messages(stderr))
    return {match[3]: f"{match[1]} {match[2]}" for match in matches if match}


def _messages(stderr: str) -> Iterator[str]:
    said = (read_line(line) for line in stderr.splitlines())
    return (one.message.strip() for one in said if isinstance(one, LogMessage))


def delete(plan: RunPlan, names: tuple[str, ...]) -> Command:
    """Delete exactly these archives.

    Not `prune` again: a moment later its rules may choose one more, and nobody would have agreed to that.
    """
    return borg(plan, "delete", "--", REPOSITORY, *names)


def compact(plan: RunPlan) -> Command:
    """Free the room; from then on nothing before it can be brought back."""
    return borg(plan, "compact", REPOSITORY)


def check_archives(plan: RunPlan) -> Command:
    """Check that everything the archives refer to is there."""
    return borg(plan, "check", "--archives-only", REPOSITORY)


def check_repository(plan: RunPlan) -> Command:
    """Check the segments and the index."""
    return borg(plan, "check", "--repository-only", REPOSITORY)
