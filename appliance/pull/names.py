"""The client's passwd and group as data: parsed, bounded and written anew, so that only names and numbers pass."""

from __future__ import annotations

# A home has tens of entries, a university tens of thousands; more is an attack on memory.
LARGEST_BYTES = 4 << 20
_LONGEST_NAME = 256
_PASSWD_FIELDS = 4
_GROUP_FIELDS = 3
_LARGEST_ID = 2**32 - 2


def clean_passwd(text: str) -> str:
    """Keep `name:x:uid:gid` of every well-formed line; home, shell and comment play no part in a backup."""
    kept = []
    for line in text.split("\n"):
        fields = line.split(":")
        if len(fields) >= _PASSWD_FIELDS and _is_name(fields[0]) and _is_id(fields[2]) and _is_id(fields[3]):
            kept.append(f"{fields[0]}:x:{fields[2]}:{fields[3]}::/:/bin/false")
    return "".join(f"{line}\n" for line in kept)


def clean_group(text: str) -> str:
    """Keep `name:x:gid` of every well-formed line; members play no part in a backup."""
    kept = []
    for line in text.split("\n"):
        fields = line.split(":")
        if len(fields) >= _GROUP_FIELDS and _is_name(fields[0]) and _is_id(fields[2]):
            kept.append(f"{fields[0]}:x:{fields[2]}:")
    return "".join(f"{line}\n" for line in kept)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and text.isprintable() and not text.startswith(("+", "-", "#"))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= _LARGEST_ID
