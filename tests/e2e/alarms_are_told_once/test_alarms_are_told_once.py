"""The promise: what is wrong is told once, and once that it is over, through every channel, and never with a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.receiver import ReceiverMachine
from tests.e2e.harness.waiting import wait_for_a_look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

SECRET = "hunter2hunter2"
# Five seconds until the second try, and whatever a busy machine takes.
_DELIVERED_WITHIN = 90


@pytest.fixture
def receiver(lab: Lab) -> Iterator[ReceiverMachine]:
    found = ReceiverMachine(lab)
    yield found
    lab.sweep(f"{found.host}$")


class Listener:
    """What arrived about the client `web` at each channel, since the last look."""

    def __init__(self, receiver: ReceiverMachine) -> None:
        self._receiver = receiver
        self._seen = 0

    def hears(self, *expected: str) -> list[dict[str, str]]:
        """Wait until as much has arrived, and fail unless it is exactly this, in any order between the channels."""
        wait_for(
            lambda: len(self._receiver.received()) - self._seen >= len(expected),
            within=_DELIVERED_WITHIN,
            what=f"{len(expected)} messages arrive",
        )
        new = self._receiver.received()[self._seen :]
        assert sorted(_told(one) for one in new) == sorted(expected)
        self._seen += len(new)
        return new


def _told(one: dict[str, str]) -> str:
    """Name a message by its channel and title, a ping by its path."""
    if one["by"] == "smtp":
        return f"mail {one['title']}"
    return f"json {one['title']}" if one["title"] else one["to"].replace(SECRET, "check")


def both(title: str) -> tuple[str, str]:
    return f"json {title}", f"mail {title}"


def configure(appliance: ApplianceUnderTest, receiver: ReceiverMachine) -> None:
    """Add the channels of the client to its file, the mail's URL by a file of its own."""
    appliance.join(appliance.lab.network)
    appliance.write_config(
        f"mailto://{receiver.mail}/?from=borgpull@example.org&to={SECRET}@example.org\n",
        "/config/secrets/notify_urls/mail",
    )
    path = "/config/clients.d/web.toml"
    appliance.write_config(
        f"{appliance.read(path)}\n"
        f'notify = ["json://user:{SECRET}@{receiver.web}/{SECRET}", "secret:mail"]\n'
        f'healthchecks = "http://{receiver.web}/{SECRET}"\nfailing_after = 2\n',
        path,
    )
    appliance.borgpull("config", "check")
    wait_for_a_look(appliance)


def test_alarms_and_runs_are_told_once_and_recoveries_too(
    appliance: ApplianceUnderTest, machine: Machine, receiver: ReceiverMachine
) -> None:
    listener = Listener(receiver)
    appliance.add_client("web", machine, "--path", "/srv/tree/odd")
    key_line = appliance.borgpull("client", "setup", "web", "--key-line").stdout
    configure(appliance, receiver)

    # Every channel can be tried.
    tried = appliance.borgpull("notify", "test", "web")
    assert tried.stdout.splitlines() == ["json #1: delivered", "secret:mail: delivered", "healthchecks: delivered"]
    listener.hears(*both("TEST web: this works"), "/check/log")

    # A good run is no news; the check hears of it.
    assert appliance.run("web").returncode == 0
    listener.hears("/check/start", "/check")

    # The first failure is told; the second is told as an alarm, and the run itself no more.
    machine.forget_keys()
    assert appliance.run("web").returncode == 3
    heard = listener.hears("/check/start", "/check/fail", *both("FAILED web: create"))
    sentence = appliance.last_run("web")["message"]
    assert all(sentence in " ".join(one["body"].split()) for one in heard if one["to"] != f"/{SECRET}/start")
    assert appliance.run("web").returncode == 3
    heard = listener.hears("/check/start", "/check/fail", *both("ALARM web: failing"))
    assert any("The last 2 backups of web failed (auth)" in one["body"] for one in heard)
    assert "1 alarm: `borgpull alarms`" in appliance.borgpull("status").stdout
    (alarm,) = appliance.json("alarms")
    assert (alarm["id"], alarm["told"] is not None) == ("failing:web", True)

    # A supervisor that is killed and comes back tells nothing again: what is heard next is of the next run.
    appliance.kill()
    appliance.start()

    # Nobody takes what is told: the run is as good as ever, and everybody can see that it was not told.
    machine.authorize(key_line)
    receiver.refuse(503)
    assert appliance.run("web").returncode == 0
    wait_for(lambda: _failures(appliance) >= {"json", "mailto", "healthchecks"}, within=60, what="failures are counted")
    assert "could not be delivered yet" in appliance.borgpull("status").stdout
    receiver.refuse(0)
    listener.hears("/check", *both("SUCCESS web: create works again"), *both("OVER web: failing"))
    assert appliance.json("alarms") == []
    wait_for(lambda: "delivered" not in appliance.borgpull("status").stdout, within=60, what="nothing waits")
    listener.hears()

    # The report of the whole appliance, by mail.
    settings = appliance.read("/config/borgpull.toml")
    appliance.write_config(settings.replace("[appliance]", '[appliance]\nnotify = ["secret:mail"]', 1))
    appliance.borgpull("notify", "report")
    report = wait_for(lambda: _report(receiver), within=_DELIVERED_WITHIN, what="the report arrives")
    assert (report["by"], report["title"]) == ("smtp", f"REPORT {appliance.name}: 1 ok")
    assert "web  ok" in report["body"]

    assert_no_secret_is_seen(appliance)


def _report(receiver: ReceiverMachine) -> dict[str, str]:
    return next((one for one in receiver.received() if one["title"].startswith("REPORT")), {})


def _failures(appliance: ApplianceUnderTest) -> set[str]:
    text = appliance.get("/metrics")[1]
    found = re.findall(r'^borgpull_notification_failures_total\{channel="(\w+)"\} (.+)$', text, re.MULTILINE)
    return {kind for kind, count in found if float(count) > 0}


def assert_no_secret_is_seen(appliance: ApplianceUnderTest) -> None:
    """Fail if a URL's secret is anywhere but in the configuration (S5)."""
    seen = {
        "log": appliance.log(),
        "metrics": appliance.get("/metrics")[1],
        "journal": appliance.shell("cat /state/journal.sqlite*").stdout,
        "configuration": appliance.borgpull("config", "show").stdout,
        **{words: appliance.borgpull(*words.split(), "--json").stdout for words in ("status", "history web", "alarms")},
    }

    assert SECRET in appliance.read("/config/clients.d/web.toml")
    assert "not delivered: json: " in seen["log"]
    assert [place for place, text in seen.items() if SECRET in text] == []
