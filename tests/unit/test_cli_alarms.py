from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.notice import Alarm, AlarmKind, AlarmState, Severity
from appliance.record import LedgerEntry
from tests.cli_world import TWO_CLIENTS, CliWorld
from tests.house import NOON, archive, record

if TYPE_CHECKING:
    from pathlib import Path

OVERDUE = Alarm(kind=AlarmKind.OVERDUE, client="web1", severity=Severity.WARNING, sentence="web1 is overdue.\x1b[2J")
SETTINGS = '[appliance]\nnotify = ["ntfy://hunter2", "secret:mail"]\n'


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path, SETTINGS + TWO_CLIENTS)


def test_no_alarm_is_said_too(world: CliWorld) -> None:
    assert world.run("alarms").out == "No alarm holds.\n"
    assert world.run("alarms", "--json").data == []


def test_an_alarm_is_shown_with_what_to_do_and_counted_in_the_status(world: CliWorld) -> None:
    world.journal.settle([AlarmState(alarm=OVERDUE, raised=NOON - timedelta(hours=5))], [])

    shown = world.run("alarms")
    (found,) = world.run("alarms", "--json").data

    assert "5 h ago  nobody: no `notify`" in shown.out
    assert "overdue:web1: web1 is overdue.\\x1b[2J" in shown.out
    assert (found["id"], found["client"], found["severity"], found["told"]) == ("overdue:web1", "web1", "warning", None)
    assert "! 1 alarm: `borgpull alarms` says what to do" in world.run("status").out


def test_a_change_is_accepted_up_to_the_newest_archive(world: CliWorld) -> None:
    world.journal.finish(record(), [LedgerEntry(client="web1", archive=archive(), run_id="r")])

    shown = world.run("alarms", "--accept-change", "web1")

    assert shown.code == 0
    assert world.journal.fact("change_accepted:web1") == NOON.isoformat()
    assert world.run("alarms", "--accept-change", "wob1").code == 6


def test_what_comes_after_the_word_is_judged_anew_although_an_archive_is_dated_ahead(world: CliWorld) -> None:
    ahead = replace(archive(), started=NOON.replace(year=2038))
    world.journal.finish(record(), [LedgerEntry(client="web1", archive=ahead, run_id="r")])

    world.run("alarms", "--accept-change", "web1")

    assert world.journal.fact("change_accepted:web1") == f"{world.clock.now().isoformat()} {ahead.id}"


def test_each_channel_says_whether_it_was_delivered(world: CliWorld) -> None:
    shown = world.run("notify", "test")

    assert shown.code == 3
    first, second = shown.out.splitlines()
    assert first == "ntfy #1: delivered"
    assert second.startswith("secret:mail: not delivered: /config/secrets/notify_urls/mail cannot be read")
    assert [notice.title for _, notice in world.notifier.sent] == ["TEST borgpull: this works"]


def test_a_secret_is_read_from_its_file_and_never_shown(world: CliWorld) -> None:
    folder = world.config / "secrets" / "notify_urls"
    folder.mkdir(parents=True)
    (folder / "mail").write_text("mailto://hunter3@lan\n", encoding="utf-8")

    shown = world.run("notify", "test", "--json")

    assert shown.code == 0
    assert [url for url, _ in world.notifier.sent] == ["ntfy://hunter2", "mailto://hunter3@lan"]
    assert [one["kind"] for one in shown.data] == ["ntfy", "mailto"]
    assert "hunter" not in shown.out + world.run("config", "show").out


def test_the_doctor_looks_at_the_files_that_hold_urls(world: CliWorld) -> None:
    def said() -> list[str]:
        return [one["sentence"] for one in world.run("doctor", "--json").data if one["subject"] == "notifications"]

    assert said()[0].startswith("/config/secrets/notify_urls/mail cannot be seen")

    file = world.config / "secrets" / "notify_urls" / "mail"
    file.parent.mkdir(parents=True)
    file.write_text("mailto://hunter3@lan\n", encoding="utf-8")
    file.chmod(0o644)
    assert said()[0] == "others may read /config/secrets/notify_urls/mail (-rw-r--r--)"

    file.chmod(0o600)
    assert said() == ["2 channels; `borgpull notify test` tries them"]


def test_a_client_is_tested_through_its_own_channels_and_its_check(world: CliWorld) -> None:
    own = '\n[clients.own]\nhost = "h"\npaths = ["/"]\nnotify = ["json://b"]\nhealthchecks = "https://hc.lan/1"\n'
    world.configure(SETTINGS + TWO_CLIENTS + own)

    shown = world.run("notify", "test", "own")

    assert shown.out == "json #1: delivered\nhealthchecks: delivered\n"
    assert [notice.event.value for _, notice in world.notifier.sent] == ["test", "logged"]


def test_without_a_channel_there_is_nothing_to_try(world: CliWorld) -> None:
    world.configure(TWO_CLIENTS)

    assert world.run("notify", "test").code == 6
    assert world.run("notify", "report").code == 6


def test_the_report_can_be_sent_now(world: CliWorld) -> None:
    shown = world.run("notify", "report")

    assert shown.out.startswith("on its way to 2 channels")
    assert {one.notice.title for one in world.journal.pending()} == {"REPORT borgpull: 2 never"}


def test_what_could_not_be_delivered_is_in_the_status(world: CliWorld) -> None:
    world.run("notify", "report")
    first, second = world.journal.pending()
    world.journal.not_delivered(first.notice_id, "ntfy", "ntfy: no answer", NOON + timedelta(hours=1))
    assert "1 notification could not be delivered yet: ntfy: no answer" in world.run("status").out

    world.journal.delivered(first.notice_id, "ntfy")
    world.journal.not_delivered(second.notice_id, "mailto", "mailto: refused", None)
    shown = world.run("status").out
    assert "The last notification by mailto was not delivered: mailto: refused; `borgpull notify test`" in shown
    assert "ntfy" not in shown
