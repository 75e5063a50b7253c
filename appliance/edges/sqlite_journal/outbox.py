"""Statements about alarms, about notices that wait to be delivered, and about how deliveries went."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.documents import read_time, time_or_none, time_text
from appliance.notice import Alarm, AlarmKind, AlarmState, ChannelRecord, Event, Notice, Pending, Severity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


def alarms(connection: sqlite3.Connection) -> list[AlarmState]:
    """Return the alarms that hold, oldest first."""
    rows = connection.execute("SELECT * FROM alarms WHERE cleared IS NULL ORDER BY raised, alarm_id")
    return [
        AlarmState(
            alarm=Alarm(
                kind=AlarmKind(row["kind"]),
                client=row["client"],
                severity=Severity(row["severity"]),
                sentence=row["sentence"],
            ),
            raised=datetime.fromisoformat(row["raised"]),
            told=read_time(row["told"]),
            cleared=read_time(row["cleared"]),
        )
        for row in rows
    ]


def save_alarms(connection: sqlite3.Connection, states: Sequence[AlarmState]) -> None:
    """Write alarms in place of what was known of them."""
    connection.executemany(
        "INSERT OR REPLACE INTO alarms (alarm_id, client, kind, severity, sentence, raised, told, cleared)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                state.alarm.alarm_id,
                state.alarm.client,
                state.alarm.kind,
                state.alarm.severity,
                _writable(state.alarm.sentence),
                time_text(state.raised),
                time_or_none(state.told),
                time_or_none(state.cleared),
            )
            for state in states
        ],
    )


def post(connection: sqlite3.Connection, notices: Sequence[Notice], now: datetime) -> None:
    """Add notices; one with a topic takes the place of those that wait for the same channel with the same topic."""
    for notice in notices:
        if notice.topic:
            connection.execute(
                "DELETE FROM notices WHERE client = ? AND channel = ? AND topic = ?",
                (notice.client, notice.channel, notice.topic),
            )
        connection.execute(
            "INSERT INTO notices (client, channel, event, severity, title, body, topic, created, next_try)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                notice.client,
                notice.channel,
                notice.event,
                notice.severity,
                _writable(notice.title),
                _writable(notice.body),
                notice.topic,
                time_text(now),
                time_text(now),
            ),
        )


def pending(connection: sqlite3.Connection) -> list[Pending]:
    """Return the notices that wait, oldest first."""
    return [
        Pending(
            notice_id=row["notice_id"],
            notice=Notice(
                client=row["client"],
                channel=row["channel"],
                event=Event(row["event"]),
                severity=Severity(row["severity"]),
                title=row["title"],
                body=row["body"],
                topic=row["topic"],
            ),
            created=datetime.fromisoformat(row["created"]),
            next_try=datetime.fromisoformat(row["next_try"]),
            attempts=row["attempts"],
            trouble=row["trouble"],
        )
        for row in connection.execute("SELECT * FROM notices ORDER BY notice_id")
    ]


def delivered(connection: sqlite3.Connection, notice_id: int, kind: str, now: datetime) -> None:
    """Forget a notice that arrived."""
    connection.execute("DELETE FROM notices WHERE notice_id = ?", (notice_id,))
    _know(connection, kind)
    connection.execute(
        "UPDATE channels SET attempts = attempts + 1, last_success = ? WHERE kind = ?", (time_text(now), kind)
    )


def not_delivered(
    connection: sqlite3.Connection, notice_id: int, kind: str, trouble: str, next_try: datetime | None, now: datetime
) -> None:
    """Keep a notice for later, or give it up."""
    if next_try is None:
        _forget_told(connection, notice_id)
        connection.execute("DELETE FROM notices WHERE notice_id = ?", (notice_id,))
    else:
        connection.execute(
            "UPDATE notices SET attempts = attempts + 1, next_try = ?, trouble = ? WHERE notice_id = ?",
            (time_text(next_try), _writable(trouble), notice_id),
        )
    _know(connection, kind)
    connection.execute(
        "UPDATE channels SET attempts = attempts + 1, failures = failures + 1, given_up = given_up + ?,"
        " last_failure = ?, trouble = ? WHERE kind = ?",
        (next_try is None, time_text(now), _writable(trouble), kind),
    )


def _forget_told(connection: sqlite3.Connection, notice_id: int) -> None:
    """Let its alarm be told anew: who was to hear of it by this notice has not, and would not for another week."""
    row = connection.execute("SELECT event, topic FROM notices WHERE notice_id = ?", (notice_id,)).fetchone()
    if row is not None and Event(row["event"]).tells_an_alarm:
        connection.execute("UPDATE alarms SET told = NULL WHERE alarm_id = ?", (row["topic"],))


def channel_records(connection: sqlite3.Connection) -> list[ChannelRecord]:
    """Return how deliveries went, by kind."""
    return [
        ChannelRecord(
            kind=row["kind"],
            attempts=row["attempts"],
            failures=row["failures"],
            given_up=row["given_up"],
            last_success=read_time(row["last_success"]),
            last_failure=read_time(row["last_failure"]),
            trouble=row["trouble"],
        )
        for row in connection.execute("SELECT * FROM channels ORDER BY kind")
    ]


def _writable(text: str) -> str:
    """Write as escapes what UTF-8 has no form for: a byte that a client said in another encoding."""
    return text.encode(errors="backslashreplace").decode()


def _know(connection: sqlite3.Connection, kind: str) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO channels (kind, attempts, failures, given_up, trouble) VALUES (?, 0, 0, 0, '')", (kind,)
    )
