from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from appliance.edges.notify_apprise import AppriseNotifier, harmless
from appliance.plan.messages import test as try_it
from tests.house import house

HOUSE = house("web1", settings='notify = ["json://hooks.lan"]')
USUAL, OWN = 32_768, 1024


@dataclass
class FakeService:
    """A service of Apprise: it says how much it takes, and hears what is sent."""

    body_maxlen: int
    overflow_mode: str = "upstream"
    heard: list[str] = field(default_factory=list)

    def notify(self, *, body: str, **_told: object) -> bool:
        self.heard.append(body)
        return True


def sent(monkeypatch: pytest.MonkeyPatch, longest: int, body: str, url: str = "json://hooks.lan") -> FakeService:
    """Send through a fake in place of Apprise, which is in the image and not among the tests' tools."""
    service = FakeService(longest)
    fake: Any = ModuleType("apprise")
    fake.Apprise = SimpleNamespace(instantiate=lambda _url: service)
    fake.NotifyBase = SimpleNamespace(body_maxlen=USUAL)
    fake.OverflowMode = SimpleNamespace(SPLIT="split")
    fake.NotifyType, fake.NotifyFormat = str, SimpleNamespace(TEXT="text")
    monkeypatch.setitem(sys.modules, "apprise", fake)
    AppriseNotifier().send(url, replace(try_it(HOUSE, "", "json #1"), body=body))
    return service


def test_a_text_longer_than_the_service_takes_is_told_in_parts_and_not_in_hundreds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long, endless = "x" * 4000, "x" * 400_000

    assert sent(monkeypatch, OWN, long) == FakeService(OWN, "split", [long])
    (told,) = sent(monkeypatch, OWN, endless).heard
    assert len(told) == 10 * OWN


@pytest.mark.parametrize(("longest", "url"), [(USUAL, "mailto://mail.lan"), (OWN, "pover://a@b?overflow=truncate")])
def test_mail_is_sent_whole_and_what_the_operator_chose_stands(
    monkeypatch: pytest.MonkeyPatch, longest: int, url: str
) -> None:
    endless = "x" * 400_000

    assert sent(monkeypatch, longest, endless, url) == FakeService(longest, "upstream", [endless])


@pytest.mark.parametrize(
    ("sentence", "url", "told"),
    [
        ("Failed to send to hunter2.", "ntfy://hunter2", "Failed to send to ***"),
        ("url: /bot123:hunt%20er2/x", "tgram://123:hunt%20er2/chat", "url: /bot123:***/x"),
        ("login of admin@lan failed: hunt er2", "mailto://admin:hunt%20er2@lan", "login of ***@lan failed: ***"),
        ("JSON error 500", "json://host.lan/path", "JSON error 500"),
        ("Failed to send JSON notification", "json://json:json@notification.lan", "Failed to send JSON notification"),
    ],
)
def test_what_apprise_says_is_told_without_any_piece_of_the_url(sentence: str, url: str, told: str) -> None:
    assert harmless(sentence, url) == told
