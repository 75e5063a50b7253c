"""The messages themselves: what is told of an alarm, of a run, in the weekly report and in a test. Plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.notice import Event, Notice, Severity
from appliance.plan import pings
from appliance.plan.channels import HEALTHCHECKS, channels
from appliance.plan.plain_text import LONGEST_BODY, cut, plain
from appliance.record import Operation, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.config.model import Appliance
    from appliance.notice import AlarmState
    from appliance.record import RunRecord

_LONGEST_TITLE = 120
_SHOWN_WARNINGS = 5
_FEW_MORE = 10
_SEVERITY = {
    Outcome.SUCCESS: Severity.INFO,
    Outcome.SKIPPED: Severity.INFO,
    Outcome.WARNING: Severity.WARNING,
    Outcome.FAILED: Severity.CRITICAL,
    Outcome.INTERRUPTED: Severity.CRITICAL,
}
_WANTED_AS = {
    Outcome.SUCCESS: "success",
    Outcome.WARNING: "warning",
    Outcome.FAILED: "failure",
    Outcome.INTERRUPTED: "failure",
}
_HEADS = {Event.ALARM: "ALARM", Event.REMINDER: "STILL", Event.RECOVERY: "OVER"}


def for_alarm(appliance: Appliance, state: AlarmState, event: Event, now: datetime) -> tuple[Notice, ...]:
    """Return what is told of an alarm that began, still holds or is over, for each channel.

    Of an alarm only the newest waits: an ALARM that could not be delivered must not arrive after its OVER.
    """
    alarm = state.alarm
    about = alarm.client or appliance.settings.name
    what = alarm.kind.replace("_", " ")
    lines = [alarm.sentence]
    if event is Event.REMINDER:
        lines.append(f"It began at {_clock(state.raised)}.")
    head = _HEADS[event]
    if event is Event.RECOVERY:
        lines = [f"This is over, after {_span(now - state.raised)}:", alarm.sentence]
        client = appliance.client(alarm.client)
        if alarm.client and (client is None or not client.enabled):
            # That nobody looks any more does not make it good.
            head = "UNWATCHED"
            lines[0] = f"{alarm.client} is disabled or configured no more, so nobody watches this from now on:"
    severity = Severity.INFO if event is Event.RECOVERY else alarm.severity
    title = f"{head} {about}: {what}"
    return _to_all(appliance, alarm.client, event, severity, title, "\n".join(lines), topic=alarm.alarm_id)


def run_ended(appliance: Appliance, record: RunRecord, before: RunRecord | None) -> tuple[Notice, ...]:
    """Return what is told of the end of a run: messages as `notify_on` wants, and the pings of a backup.

    `before` is the last finished run of the same operation. A run that ended like that one is no news: what goes on is
    what alarms are for. The first good one after a failure is told to whom failures are told.
    """
    client = appliance.client(record.client)
    if client is None or record.outcome is None or record.operation is Operation.PROBE or record.operation.by_hand:
        # Whoever tries a way or decides by hand sits before it and sees how it ends.
        return ()
    found: tuple[Notice, ...] = ()
    wanted = _WANTED_AS.get(record.outcome)
    recovered = record.outcome.is_good and before is not None and _is_bad(before) and "failure" in client.notify_on
    if recovered or (wanted in client.notify_on and (wanted == "success" or not _is_alike(record, before))):
        title = f"{record.outcome.upper()} {record.client}: {record.operation}" + (" works again" if recovered else "")
        found = _to_all(appliance, record.client, Event.RUN, _SEVERITY[record.outcome], title, _story(record))
    if record.operation is Operation.CREATE:
        found += pings.ended(appliance, record, record.outcome, _story(record))
    return found


def report(appliance: Appliance, title: str, body: str) -> tuple[Notice, ...]:
    """Return the weekly report for each channel of the appliance."""
    return _to_all(appliance, "", Event.REPORT, Severity.INFO, title, body, longest=100 * LONGEST_BODY)


def test(appliance: Appliance, client: str, channel: str) -> Notice:
    """Return what `borgpull notify test` sends through one channel."""
    about = client or appliance.settings.name
    return Notice(
        client=client,
        channel=channel,
        event=Event.LOGGED if channel == HEALTHCHECKS else Event.TEST,
        severity=Severity.INFO,
        title=f"TEST {about}: this works",
        body=f"A test of the notifications about {about}, asked for by `borgpull notify test`. Nothing is wrong.",
    )


def _to_all(
    appliance: Appliance,
    client: str,
    event: Event,
    severity: Severity,
    title: str,
    body: str,
    *,
    longest: int = LONGEST_BODY,
    topic: str = "",
) -> tuple[Notice, ...]:
    head = " ".join(plain(title).split())[:_LONGEST_TITLE]
    return tuple(
        Notice(
            client=client,
            channel=one.name,
            event=event,
            severity=severity,
            title=head,
            body=cut(body, longest),
            topic=topic,
        )
        for one in channels(appliance, client)
    )


def _story(record: RunRecord) -> str:
    why = f" ({record.reason})" if record.reason else ""
    lines = [f"{record.outcome}{why} {record.message}".strip()]
    shown = record.warnings[:_SHOWN_WARNINGS]
    lines += [f"- {warning}" for warning in shown]
    if record.warning_count > len(shown):
        lines.append(f"and {record.warning_count - len(shown)} more warnings")
    if record.archive is not None:
        lines.append(f"archive {record.archive.name}: {record.archive.files} files")
    took = f" and took {_span(record.duration)}" if record.duration is not None else ""
    lines.append(f"run {record.run_id} began at {_clock(record.started)}{took}")
    return "\n".join(lines)


def _is_bad(record: RunRecord) -> bool:
    return record.outcome in (Outcome.FAILED, Outcome.INTERRUPTED)


def _is_alike(record: RunRecord, before: RunRecord | None) -> bool:
    if before is None or (record.outcome, record.reason) != (before.outcome, before.reason):
        return False
    # A file that is unreadable each night is no news; thousands of them are, though the reason is the same.
    return record.warning_count <= max(2 * before.warning_count, before.warning_count + _FEW_MORE)


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _span(span: object) -> str:
    return str(span).partition(".")[0]
