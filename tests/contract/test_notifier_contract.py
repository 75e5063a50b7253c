"""What every notifier promises, against real receivers: it arrives, or a sentence says why without any secret.

Apprise is in the image and not among the tests' tools: there it runs in a container of the image, on this machine's
own network, so that what is tried is what is shipped.
"""

from __future__ import annotations

import json
import socket
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.edges.notify_healthchecks import HealthchecksNotifier, ping_address
from appliance.errors import NotifyError
from appliance.notice import Event, Notice, Severity
from tests.contract.engines import IMAGE
from tests.lab.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "hunter2secret"
NOTICE = Notice(
    client="web1",
    channel="json #1",
    event=Event.FAILED,
    severity=Severity.CRITICAL,
    title="FAILED web1: create",
    body="It failed: Grüße.\nSecond line.",
)
_SEND = """
import json, sys
from appliance.edges.notify_apprise import AppriseNotifier
from appliance.errors import NotifyError
from appliance.notice import Event, Notice, Severity
url, notice = json.load(sys.stdin)
notice = Notice(**{**notice, "event": Event(notice["event"]), "severity": Severity(notice["severity"])})
try:
    AppriseNotifier().send(url, notice)
except NotifyError as error:
    print(error)
    sys.exit(3)
"""


class ShippedApprise:
    """The edge as it is in the image."""

    def send(self, url: str, notice: Notice) -> None:
        """Send from a container that is gone afterwards."""
        fields = {name: getattr(notice, name) for name in Notice.__slots__}
        words = ("docker", "run", "--rm", "-i", "--network", "host", "--entrypoint", "/opt/borgpull/bin/python", IMAGE)
        done = subprocess.run(
            (*words, "-c", _SEND), input=json.dumps([url, fields]), capture_output=True, text=True, check=False
        )
        assert SECRET not in done.stdout + done.stderr
        if done.returncode == 3:
            raise NotifyError(done.stdout.strip())
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    found.start()
    yield found
    found.stop()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def places(receiver: Receiver, port: int = 0) -> dict[str, str]:
    web, mail = port or receiver.http_port, port or receiver.smtp_port
    return {
        "check": f"http://127.0.0.1:{web}/{SECRET}",
        "json": f"json://user:{SECRET}@127.0.0.1:{web}/{SECRET}",
        "mail": f"mailto://127.0.0.1:{mail}/?from=borgpull@example.org&to={SECRET}@example.org",
    }


@pytest.fixture(params=["check", "json", "mail"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def send(way: str, url: str) -> None:
    notifier = HealthchecksNotifier() if way == "check" else ShippedApprise()
    notifier.send(url, NOTICE)


def test_a_notice_arrives_whole_and_once(receiver: Receiver, way: str) -> None:
    send(way, places(receiver)[way])

    (one,) = receiver.received
    assert one["body"].replace("\r\n", "\n").strip() == NOTICE.body
    assert one["title"] == ("" if way == "check" else NOTICE.title)
    assert SECRET in one["to"]


def test_a_refusal_is_an_error_without_the_secret(receiver: Receiver, way: str) -> None:
    receiver.refuse = 503

    with pytest.raises(NotifyError) as caught:
        send(way, places(receiver)[way])

    assert SECRET not in str(caught.value)
    assert receiver.received == []


def test_nobody_there_is_an_error_without_the_secret(receiver: Receiver, way: str) -> None:
    with pytest.raises(NotifyError) as caught:
        send(way, places(receiver, closed_port())[way])

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("service", "parts"), [("ntfy", 2), ("json", 1)])
def test_a_text_longer_than_the_service_takes_arrives_in_parts_and_else_whole(
    receiver: Receiver, service: str, parts: int
) -> None:
    long = "a line of text\n" * 700

    ShippedApprise().send(f"{service}://127.0.0.1:{receiver.http_port}/{SECRET}", replace(NOTICE, body=long))

    assert len(receiver.received) == parts
    assert sum(one["body"].count("a line of text") for one in receiver.received) == 700


def test_what_is_no_service_is_an_error() -> None:
    with pytest.raises(NotifyError, match="nfty is no service that Apprise knows"):
        ShippedApprise().send(f"nfty://{SECRET}", NOTICE)


@pytest.mark.parametrize(
    ("event", "path"),
    [(Event.STARTED, "/start"), (Event.SUCCEEDED, ""), (Event.FAILED, "/fail"), (Event.LOGGED, "/log")],
)
def test_a_check_is_pinged_at_the_path_of_the_event(receiver: Receiver, event: Event, path: str) -> None:
    HealthchecksNotifier().send(places(receiver)["check"], replace(NOTICE, event=event))

    assert receiver.received == [{"by": "http", "to": f"/{SECRET}{path}", "title": "", "body": f"{NOTICE.body}\n"}]


def test_the_path_of_the_event_goes_before_a_query() -> None:
    assert ping_address("https://hc.lan/slug/?create=1", Event.FAILED) == "https://hc.lan/slug/fail?create=1"
