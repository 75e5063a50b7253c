from __future__ import annotations

import pytest

from appliance.edges.notify_apprise import harmless


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
