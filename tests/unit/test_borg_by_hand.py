"""Which Borg commands an operator may run on a client as they are, and which need to be meant."""

from __future__ import annotations

import pytest

from appliance.borg import by_hand
from appliance.plan import places


@pytest.mark.parametrize(
    "line",
    [
        "list",
        "list ::web1-2026-11-22T12:00:00 etc",
        "info --json",
        "diff ::a b",
        "extract --dry-run ::a",
        "export-tar ::a /root/a.tar",
        "check --repository-only",
        "--version",
        "help create",
        "list --remote-ratelimit 100",
    ],
)
def test_what_only_reads_the_repository_is_allowed(line: str) -> None:
    assert by_hand.refusal(line.split()) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("delete ::a", "deletes archives"),
        ("prune --keep-daily 1", "deletes archives"),
        ("compact", "makes deletions final"),
        ("recreate", "takes for tampering"),
        ("rename ::a b", "takes for tampering"),
        ("create ::a /", "no gate has looked at"),
        ("import-tar ::a x.tar", "no gate has looked at"),
        ("init -e none", "has one already"),
        ("key export", "changes the key"),
        ("config append_only 0", "changes the repository's configuration"),
        ("upgrade", "rewrites"),
        ("break-lock", "takes the lock away"),
        ("with-lock :: rm -rf /", "runs another command"),
        ("serve", "serves another repository"),
        ("check --repair", "throws away"),
        ("check --repai", "throws away"),
        ("list --rsh=evil", "leads around"),
        ("list --rsh evil", "leads around"),
        ("list --remote-p x", "leads around"),
        ("list --bypass-lock", "leads around"),
        ("--lock-wait 1 delete ::a", "no command of Borg that is known"),
        ("destroy", "no command of Borg that is known"),
        ("", "no command of Borg that is known"),
    ],
)
def test_what_can_do_harm_is_refused_with_its_reason(line: str, words: str) -> None:
    assert words in (by_hand.refusal(line.split()) or "")


def test_the_repository_is_in_the_environment_and_the_passphrase_is_not() -> None:
    command = by_hand.on_client(("list", "--short"), base="/root/.cache/borgpull", rsh="sh /x/rsh")

    assert command.argv == ("borg", "list", "--lock-wait", "60", "--short")
    assert command.env["BORG_REPO"] == places.REMOTE_LOCATION
    assert command.env["BORG_PASSPHRASE_FD"] == "9"
    assert [key for key in command.env if key.startswith("BORG_PASS")] == ["BORG_PASSPHRASE_FD"]
