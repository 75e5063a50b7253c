from __future__ import annotations

import pytest

from appliance.config.load import MAIN, parse
from appliance.config.write import to_toml
from appliance.errors import ConfigError
from tests.clients import problems_of, written

SECRET = "hunter2"


@pytest.mark.parametrize(
    "value",
    [
        f'"ntfy//{SECRET}"',
        f'["not a url {SECRET}"]',
        f'["secret:../{SECRET}"]',
        f'["mailto://{SECRET}@x y"]',
        f'["ntfy://{SECRET}\\u0007"]',
        f'{{ url = "{SECRET}" }}',
        f'[["ntfy://{SECRET}"]]',
        f'["ntfy://***{SECRET}"]',
    ],
)
@pytest.mark.parametrize("key", ["notify", "healthchecks"])
def test_no_sentence_repeats_a_url(key: str, value: str) -> None:
    problems = problems_of(written("sshfs", extra=f"{key} = {value}"))

    assert problems
    assert SECRET not in "".join(problems)


def test_one_url_need_not_be_a_list() -> None:
    client = parse({MAIN: written("sshfs", extra='notify = "ntfy://topic"')}, {}).clients[0]

    assert client.notify is not None
    assert [one.text for one in client.notify] == ["ntfy://topic"]


def test_a_check_is_a_web_address() -> None:
    (problem,) = problems_of(written("sshfs", extra=f'healthchecks = "ntfy://{SECRET}"'))

    assert "must be the ping URL of a check" in problem
    assert SECRET not in problem


def test_what_is_shown_hides_the_url_and_is_not_taken_back() -> None:
    extra = f'notify = ["mailto://{SECRET}@lan", "secret:mail"]\nhealthchecks = "https://hc.lan/{SECRET}"'
    shown = to_toml(parse({MAIN: written("sshfs", extra=extra)}, {}))

    assert 'notify = ["mailto://***", "secret:mail"]' in shown
    assert 'healthchecks = "https://***"' in shown
    assert SECRET not in shown
    with pytest.raises(ConfigError, match="in place of a secret"):
        parse({MAIN: shown}, {})
