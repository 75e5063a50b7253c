"""Metrics of what the operator is told: deliveries by kind of channel, and the alarms that hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.channels import SECRET
from appliance.plan.channels import HEALTHCHECKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.config.model import Appliance
    from appliance.edges.metrics.families import Families
    from appliance.notice import AlarmState, ChannelRecord


def declare(families: Families) -> None:
    """Describe every family of this module."""
    families.counter("notifications_total", "Notifications attempted, by kind of channel.", ("channel",))
    families.counter(
        "notification_failures_total", "Notifications that could not be delivered, by kind of channel.", ("channel",)
    )
    families.gauge("alarm", "Alarm that holds; value is always 1.", ("alarm", "client", "severity"))


def told(
    families: Families, appliance: Appliance, records: Iterable[ChannelRecord], alarms: Iterable[AlarmState]
) -> None:
    """Say how deliveries went; a channel that was never used has zeros, so that an alert sees its first failure."""
    known = {record.kind: record for record in records}
    for kind in sorted(known.keys() | _configured(appliance)):
        record = known.get(kind)
        families.add("notifications_total", record.attempts if record else 0, kind)
        families.add("notification_failures_total", record.failures if record else 0, kind)
    for state in alarms:
        families.add("alarm", 1, state.alarm.kind.value, state.alarm.client, state.alarm.severity.value)


def _configured(appliance: Appliance) -> set[str]:
    urls = (*appliance.settings.notify, *(url for client in appliance.clients for url in client.notify or ()))
    kinds = {url.kind for url in urls} - {SECRET}
    return kinds | ({HEALTHCHECKS} if any(client.healthchecks for client in appliance.clients) else set())
