"""Addresses in one text: a port is taken off its end, and what was written reads back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.logins import Endpoint, Login, split_port

HOSTS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z0-9]{1,5})?", fullmatch=True), st.ip_addresses(v=6).map(str)
)
PORTS = st.integers(1, 65535)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("nas.lan", "nas.lan", None),
        ("nas.lan:2222", "nas.lan", 2222),
        ("fd00::1", "fd00::1", None),
        ("[fd00::1]", "fd00::1", None),
        ("[fd00::1]:2222", "fd00::1", 2222),
    ],
)
def test_a_port_is_taken_where_there_is_one(text: str, host: str, port: int | None) -> None:
    assert split_port(text) == (host, port)


@pytest.mark.parametrize("text", ["a:", "a:0", "a:65536", "a:-1", "a:+1", "a: 1", "a:x", "[::1]:", "[::1", "[::1]2222"])
def test_a_port_that_is_none_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"the port must be a number from 1 to 65535|write an IPv6 address as"):
        split_port(text)


@given(HOSTS, PORTS)
def test_an_endpoint_reads_back(host: str, port: int) -> None:
    assert split_port(str(Endpoint(host, port))) == (host, port)


@given(HOSTS, PORTS)
def test_a_login_reads_back_and_shows_only_a_port_that_is_not_the_usual_one(host: str, port: int) -> None:
    user, _, place = str(Login("john", host, port)).rpartition("@")

    assert user == "john"
    assert split_port(place) == (host, None if port == 22 else port)
