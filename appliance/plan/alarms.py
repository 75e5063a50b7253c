"""Which alarms hold, decided from configuration, histories and facts; each with what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.notice import Alarm, AlarmKind, Severity
from appliance.plan.age import how_old, is_too_old
from appliance.plan.grave import found_by_a_run
from appliance.plan.plain_text import one_line, plain
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from appliance.config.model import ApplianceSettings, Client
    from appliance.plan.observed import Observed, Room
    from appliance.ports import ClientHistory

_GIB = 1 << 30
# The volume is filling below twice the floor, or below this share of it.
_LITTLE_ROOM = 0.05
# How long a repository may live before its key should be in another place.
_EXPORT_WITHIN = timedelta(days=1)
# How long configuration and keys may be ahead of the escrow: whoever sets something up does more than one thing.
_ESCROW_WITHIN = timedelta(days=1)
# Gone again before anybody could act: an editor that saves twice, an engine that is upgraded, a server that was off
# and catches up.
GRACE = {
    AlarmKind.OVERDUE: timedelta(minutes=15),
    AlarmKind.CONFIG_INVALID: timedelta(minutes=5),
    AlarmKind.ENGINE_DOWN: timedelta(minutes=5),
}


def holding(seen: Observed, now: datetime) -> tuple[Alarm, ...]:
    """Return every alarm that holds; a client that is disabled, or configured no more, has none."""
    by_client: dict[str, list[ClientHistory]] = {}
    for history in seen.histories:
        by_client.setdefault(history.client, []).append(history)
    alarms = list(_of_the_appliance(seen, now))
    for client in seen.appliance.clients:
        if client.enabled:
            alarms += _of_the_client(client, by_client.get(client.name, ()), seen, now)
    # What a client said stands in some of them, and no byte of it may keep an alarm from being written down.
    return tuple(replace(alarm, sentence=plain(alarm.sentence)) for alarm in alarms)


def _of_the_appliance(seen: Observed, now: datetime) -> Iterator[Alarm]:
    if seen.config_problems:
        first, more = seen.config_problems[0], len(seen.config_problems) - 1
        rest = f" (and {more} more)" if more else ""
        yield Alarm(
            kind=AlarmKind.CONFIG_INVALID,
            severity=Severity.WARNING,
            sentence=(
                f"The configuration does not hold, so the last good one stays in force: {first}{rest}. "
                "`borgpull config check` lists every problem."
            ),
        )
    if seen.engine_trouble:
        yield Alarm(
            kind=AlarmKind.ENGINE_DOWN,
            severity=Severity.CRITICAL,
            sentence=f"No backup can start, the container engine is down: {seen.engine_trouble}. Is Docker running?",
        )
    if seen.escrow is not None and now - seen.escrow.since >= _ESCROW_WITHIN:
        yield Alarm(
            kind=AlarmKind.ESCROW_OUTDATED,
            severity=Severity.WARNING,
            sentence=(
                f"The escrow of {seen.escrow.made:%Y-%m-%d} is out of date: {seen.escrow.why}. Make a new one with "
                "`borgpull escrow`, prove it with `--check`, and keep it where this server is not."
            ),
        )
    if seen.room is not None:
        yield from _of_the_room(seen.room, seen.appliance.settings)


def _of_the_room(room: Room, settings: ApplianceSettings) -> Iterator[Alarm]:
    floor = settings.free_space
    if room.free >= max(2 * floor, _LITTLE_ROOM * room.size):
        return
    full = room.free < floor
    consequence = "no backup starts any more" if full else f"below {floor / _GIB:.2f} GiB no backup starts any more"
    yield Alarm(
        kind=AlarmKind.DISK_FILLING,
        severity=Severity.CRITICAL if full else Severity.WARNING,
        sentence=(
            f"Only {room.free / _GIB:.2f} of {room.size / _GIB:.2f} GiB are free on /repos, and {consequence}. Keep "
            "fewer archives (`keep`, then `borgpull run NAME --operation prune`), or give it a larger disk."
        ),
    )


def _of_the_client(
    client: Client, histories: Iterable[ClientHistory], seen: Observed, now: datetime
) -> Iterator[Alarm]:
    each = {history.last.operation: history for history in histories}
    created = each.get(Operation.CREATE)
    is_pruned = client.keep is not None
    ordered = sorted(each.values(), key=lambda history: history is not created)
    found = list(_found_by_a_check(client.name, seen))
    for one in ordered:
        found += (*found_by_a_run(one, created, now, is_pruned=is_pruned), *_failing(client, one))
    yield from {alarm.kind: alarm for alarm in reversed(found)}.values()
    yield from _too_old(client, created, seen.first_seen.get(client.name, now), now)
    if client.name in seen.bursts:
        yield Alarm(
            kind=AlarmKind.CHANGE_BURST,
            client=client.name,
            severity=Severity.CRITICAL,
            sentence=seen.bursts[client.name],
        )
    yield from _key_at_home(client, created, seen, now)


def _found_by_a_check(name: str, seen: Observed) -> Iterator[Alarm]:
    """Hold until the same thing was read again and is whole, whatever runs went well since."""
    if name in seen.damaged:
        yield Alarm(
            kind=AlarmKind.DAMAGED, client=name, severity=Severity.CRITICAL, sentence=one_line(seen.damaged[name])
        )


def _failing(client: Client, history: ClientHistory) -> Iterator[Alarm]:
    if history.consecutive_failures < client.failing_after:
        return
    last = history.last
    why = f" ({last.reason})" if last.reason else ""
    what = "backups" if last.operation is Operation.CREATE else f"runs of {last.operation}"
    yield Alarm(
        kind=AlarmKind.FAILING,
        client=client.name,
        severity=Severity.WARNING,
        sentence=one_line(
            f"The last {history.consecutive_failures} {what} of {client.name} failed{why}. {last.message}",
            f"`borgpull history {client.name}` shows them.",
        ),
    )


def _too_old(client: Client, created: ClientHistory | None, first_seen: datetime, now: datetime) -> Iterator[Alarm]:
    good = created.last_success if created else None
    if not is_too_old(good.started if good else first_seen, now, client.overdue_after):
        return
    if good is None:
        kind = AlarmKind.NEVER_SUCCEEDED
        what = f"{client.name} has no backup at all, and is in the configuration since {first_seen:%Y-%m-%d}."
    else:
        kind = AlarmKind.OVERDUE
        what = f"The last good backup of {client.name} {how_old(good.started, now)}."
    advice = (
        f"`borgpull status {client.name}` says what it waits for, `borgpull client probe {client.name}` tries the way."
    )
    yield Alarm(kind=kind, client=client.name, severity=Severity.WARNING, sentence=one_line(what, advice))


def _key_at_home(client: Client, created: ClientHistory | None, seen: Observed, now: datetime) -> Iterator[Alarm]:
    if created is None or created.last_success is None or client.name in seen.exported:
        return
    if now - seen.first_seen.get(client.name, now) < _EXPORT_WITHIN:
        return
    yield Alarm(
        kind=AlarmKind.KEY_NOT_EXPORTED,
        client=client.name,
        severity=Severity.WARNING,
        sentence=(
            f"The key of {client.name}'s repository is nowhere but on this server: when its disk dies, no copy of the "
            "archives can be opened. `borgpull escrow` puts all keys and passphrases into one file; "
            f"`borgpull key export {client.name}` prints this key."
        ),
    )
