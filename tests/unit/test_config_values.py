"""Single values: what is read from what, and what is refused."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from appliance.config import values
from appliance.config.durations import format_duration, parse_duration
from appliance.config.values import Window


def read(kind: Any, value: object) -> object:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("45s", timedelta(seconds=45)),
        ("30m", timedelta(minutes=30)),
        ("36h", timedelta(hours=36)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("1h30m", timedelta(minutes=90)),
        (" 1H ", timedelta(hours=1)),
        ("90m", timedelta(minutes=90)),
    ],
)
def test_a_duration_is_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "0s", "36", "h", "-1h", "1.5h", "1 h", "1m1h", "1h1h", "99999w", "1y", 36, True])
def test_a_duration_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration"):
        parse_duration(text)


@given(st.integers(min_value=1, max_value=3_650 * 86_400))
def test_a_written_duration_reads_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0, 0),
        (1024, 1024),
        ("1024", 1024),
        ("500M", 500_000_000),
        ("500mb", 500_000_000),
        ("1G", 1_000_000_000),
        ("1.5G", 1_500_000_000),
        ("1GiB", 1 << 30),
        ("512 MiB", 512 << 20),
        ("2TiB", 2 << 40),
        ("1k", 1000),
    ],
)
def test_a_size_is_read(value: object, size: int) -> None:
    assert read(values.Size, value) == size


ACCEPTED: dict[str, list[object]] = {
    "ClientName": ["a", "0", "web1", "web-1", "a" * 39],
    "Host": ["web1", "web1.lan", "my_nas.lan.", "192.168.1.1", "fe80::1", "fe80::1%eth0", "xn--kche-0ra.lan"],
    "UserName": ["root", "_borg", "john.doe", "a-b", "john@domain", "machine$"],
    "SourcePath": ["/", "/etc", "/with space", "/Äpfel", "/..hidden", "/a...b"],
    "Compression": [
        *("none", "lz4", "zstd", "zstd,1", "zstd,22", "zlib", "zlib,0", "zlib,9", "lzma,0", "lzma,9"),
        *("auto,lz4", "auto,zstd,22", "auto,lzma"),
    ],
    "TimeZone": ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT-3"],
    "Listen": ["0.0.0.0:9187", "127.0.0.1:1", "[::]:65535"],
    "NetworkName": ["bridge", "host", "my_net.1-a"],
    "VolumeName": ["photos", "stack_photos"],
    "IpAddress": ["192.168.1.1", "fd00::1"],
    "Port": [1, 22, 65535],
    "Share": [0.01, 0.5, 1, 1.0],
    "Memory": ["64M", 64_000_000, "1GiB"],
    "Quota": ["10M", 10_000_000, "2TiB"],
    "Address": ["nas.lan:2222", "192.168.1.1:1", "[fd00::1]:65535"],
    "CommandLine": ["true", "pg_dumpall | gzip", "sh -c 'a && b' # ä"],
    "FileName": ["postgres.sql", "0", "a" * 100],
    "Pattern": ["/proc", "sh:**/.cache", "re:\\.tmp$", "pf:/a:b", "fm:*.iso", "/srv/a:b", "*.tmp"],
}
REFUSED: dict[str, list[object]] = {
    "ClientName": ["", "-a", "A", "a_b", "a.b", "a/b", "a b", "a\n", "ä", "a" * 40, "supervisor", "gateway-1", 3],
    "Host": [
        *("", "-a", "a b", "root@web1", "web1:22", "[::1]", "[::1]:22", "1.2.3", "300.1.1.1", "a..b", "a/b", "web1\n"),
        *("ssh://web1", "a" * 254, "$(id)", "fe80::zz", 3),
    ],
    "UserName": ["", "-oProxyCommand=x", "a b", "a;b", "root\n", "a" * 80, 0],
    "SourcePath": ["", "etc", "~", "./a", "/a/../b", "/..", "..", "/a\0b", "/a\nb", "/a\rb", "/a\x1bb", 3, None],
    "Compression": [
        *("", "zstd,0", "zstd,23", "zstd,-1", "zlib,10", "lzma,10", "lz4,1", "gzip", "auto", "auto,auto,lz4"),
        *("zstd, 3", "ZSTD", "obfuscate,1,lz4", "zstd,3\n", 3),
    ],
    "TimeZone": ["", "Europe", "Europe/Berln", "../etc/passwd", "/etc/localtime", "CET-1CEST,M3.5.0", "\0", 1, None],
    "Listen": ["", "9187", ":9187", "web1:9187", "0.0.0.0:0", "0.0.0.0:65536", "0.0.0.0:x", "127.0.0.1"],
    "NetworkName": ["", "a b", "-a", "container:x", "/a"],
    "VolumeName": ["", "/mnt", "./a", "a:ro"],
    "IpAddress": ["", "router", "1.2.3", "1.2.3.4/24"],
    "Port": [0, -1, 65536, "22", True, 22.0, None],
    "Share": [0, -0.1, 1.1, "0.5", True, float("nan"), float("inf")],
    "Size": [-1, True, 1.5, "", "M", "1X", "-1M", "1 000", "1iB", "1,5G", None],
    "Memory": [0, "1M", "63M"],
    "Quota": [0, "9999K", -1, "", None],
    "Address": [
        *(
            "",
            "nas.lan",
            "nas.lan:",
            ":2222",
            "nas.lan:0",
            "nas.lan:65536",
            "nas.lan:x",
            "fd00::1",
            "[fd00::1]",
            "[::1:1",
        ),
        *("borg@nas.lan:2222", "ssh://nas:22", "a b:22", "nas.lan:\u0662", "[::1]x:1", 2222, None, ["nas.lan:2222"]),
    ],
    "CommandLine": ["", "  ", "a\nb", "a\rb", "a\0b", 3, None],
    "FileName": ["", ".", "..", ".hidden", "a/b", "-a", "a b", "a\n", "ä", "a" * 101, 3],
    "JumpHosts": [
        *("inter", "@inter", "john@", "john@a b", "john@inter:0", "john@inter:x", "-l@inter", "a;b@inter", "a@b\n"),
        *("a@b,c@d", "a@[::1", "a@-oProxyCommand=x", "ssh://a@b", 3, None, [3], ["a@b", "c"], {"user": "a"}),
    ],
    "Pattern": ["", "a\nb", "a\0b", "re:(", "re:*", "gl:**", 3],
    "Flag": [0, 1, "true", "yes", None],
    "Count": [-1, "1", 1.0, True],
    "FolderPath": ["", "mnt", "/mnt/../etc", "/a\nb", 3],
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, many in ACCEPTED.items() for value in many])
def test_a_value_is_taken_as_it_is(kind: str, value: object) -> None:
    found = read(getattr(values, kind), value)

    assert kind in ("Memory", "Quota") or str(found) == str(value) or found == value


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, many in REFUSED.items() for value in many])
def test_a_value_is_refused(kind: str, value: object) -> None:
    with pytest.raises(ValidationError):
        read(getattr(values, kind), value)


@pytest.mark.parametrize(
    ("written", "path"),
    [("/etc/", "/etc"), ("//etc//ssh", "/etc/ssh"), ("/./etc/.", "/etc"), ("//", "/"), ("/a/./b", "/a/b")],
)
def test_a_path_is_normalised(written: str, path: str) -> None:
    assert read(values.SourcePath, written) == path


@given(st.text(alphabet="/.ab \u00e4", max_size=20).map(lambda text: "/" + text))
def test_a_path_that_is_taken_is_absolute_and_never_climbs(text: str) -> None:
    try:
        path = str(read(values.SourcePath, text))
    except ValidationError:
        assert ".." in text.split("/")
        return

    assert path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/")[1:] if path != "/" else ["a"])
    assert read(values.SourcePath, path) == path


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("22:00-06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "21:59"]),
        ("01:30-04:00", ["01:30", "03:59"], ["01:29", "04:00", "23:00"]),
        ("20:00-24:00", ["20:00", "23:59"], ["00:00", "19:59"]),
        ("0:00-6:00", ["00:00", "05:59"], ["06:00"]),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(window: str, inside: list[str], outside: list[str]) -> None:
    found = Window.parse(window)

    assert all(found.contains(time.fromisoformat(moment)) for moment in inside)
    assert not any(found.contains(time.fromisoformat(moment)) for moment in outside)


@pytest.mark.parametrize(
    "text", ["", "22:00", "22-6", "22:00-22:00", "25:00-06:00", "22:60-06:00", "00:00-24:00", 22, None]
)
def test_a_window_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="time"):
        Window.parse(text)


@given(st.times(), st.times())
def test_a_written_window_reads_back(start: time, end: time) -> None:
    begins, ends = (time(moment.hour, moment.minute) for moment in (start, end))
    if begins == ends:
        return

    assert Window.parse(str(Window(begins, ends))) == Window(begins, ends)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("john@inter", ["john@inter"]),
        (["john@inter:22"], ["john@inter"]),
        (["a@b", "c@d:2222"], ["a@b", "c@d:2222"]),
        ("a@fd00::1", ["a@[fd00::1]"]),
        ("a@[fd00:0::1]:2222", ["a@[fd00::1]:2222"]),
        ([], []),
    ],
)
def test_machines_on_the_way_are_one_or_several_and_read_back(written: object, shown: list[str]) -> None:
    logins = read(values.JumpHosts, written)

    assert isinstance(logins, tuple)
    assert [str(login) for login in logins] == shown
    assert read(values.JumpHosts, shown) == logins


@given(st.text(alphabet="a.:[]@-0219", max_size=24))
def test_an_address_that_is_taken_reads_back_and_another_is_refused_in_words(text: str) -> None:
    try:
        address = read(values.Address, text)
    except ValidationError as error:
        found = [detail["type"] for detail in error.errors()]
    else:
        found = ["value_error"] if read(values.Address, str(address)) == address else ["reads back as another"]

    assert found == ["value_error"]
