"""The types of single values: each reads itself from what the operator wrote, or says in a sentence what is wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from appliance.config.addresses import Address, Host, IpAddress, JumpHosts, Listen, MacAddress, Port, UserName
from appliance.config.durations import parse_duration
from appliance.config.schedule import Schedule
from appliance.config.window import Window

__all__ = [
    "Address", "ArchivePattern", "ClientName", "CommandLine", "Compression", "Count", "Duration", "FileName", "Flag",
    "FolderPath", "Host", "IpAddress", "JumpHosts", "Listen", "MacAddress", "Memory", "NetworkName", "Pattern", "Port",
    "Quota", "Schedule", "Share", "Size", "SourcePath", "TimeZone", "UserName", "VolumeName", "Window",
]  # fmt: skip

_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)\s*(?:([KMGTP])(I)?)?B?", re.IGNORECASE)
_COMPRESSION = re.compile(
    r"(?:auto,)?(?:none|lz4|zstd(?:,(?:[1-9]|1\d|2[0-2]))?|zlib(?:,\d)?|lzma(?:,\d)?)",
)
_STYLES = ("fm", "sh", "re", "pp", "pf")
_LEAST_MEMORY = 64_000_000
# `borg serve` refuses to start with less.
LEAST_QUOTA = 10_000_000


def client_name(text: str) -> str:
    """Check a client's name: it also names its container, its folders and its archives."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}", text):
        raise ValueError(
            f'"{text}" cannot be a name: use a-z, 0-9 and "-", begin with a letter or a digit, at most 39 characters'
        )
    if re.fullmatch(r"(?:supervisor|gateway)(?:-\d+)?", text):
        raise ValueError(f'"{text}" is taken: the appliance calls one of its own containers so; choose another name')
    return text


def _source_path(text: str) -> str:
    if any(ord(character) < ord(" ") or character == "\x7f" for character in text):
        raise ValueError("must not hold a line break, a NUL or another control character")
    if not text.startswith("/"):
        raise ValueError(f'"{text}" must be an absolute path: begin with "/"')
    if ".." in text.split("/"):
        raise ValueError(f'"{text}" must not hold ".."; write the path it stands for')
    return "/" + "/".join(part for part in text.split("/") if part not in ("", "."))


def _pattern(text: str) -> str:
    if not text or any(character in text for character in "\0\n\r"):
        raise ValueError('must be one pattern on one line, such as "/proc" or "sh:**/.cache"')
    # Borg takes two letters and a colon for a style; one that it does not know would fail every run.
    style = re.match(r"([A-Za-z0-9]{2}):", text)
    if style and style[1] not in _STYLES:
        raise ValueError(f'"{style[0]}" is not a style of patterns; Borg has {": ".join(_STYLES)}:')
    if style and style[1] == "re":
        try:
            re.compile(text[3:])
        except re.error as error:
            raise ValueError(f'"{text}" is not a regular expression: {error}') from error
    return text


def _archives(text: str) -> str:
    if not text.strip() or any(character in text for character in "\0\n\r"):
        raise ValueError('must be the name of an archive, or a pattern of names such as "web1-2026-12-31T*"')
    return text.strip()


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be a size: bytes as a number, or a text such as "500M", "1G" (1000s) or "2TiB" (1024s)')
    power = "KMGTP".index(match[2].upper()) + 1 if match[2] else 0
    unit: int = (1024 if match[3] else 1000) ** power
    return round(float(match[1]) * unit)


def _memory(size: int) -> int:
    if size < _LEAST_MEMORY:
        raise ValueError('is too little for Borg to run in; write at least "64M", better "512M"')
    return size


def _quota(size: int) -> int:
    if size < LEAST_QUOTA:
        raise ValueError('is less than Borg takes for a quota; write at least "10M", or leave quota out')
    return size


def _compression(text: str) -> str:
    if not _COMPRESSION.fullmatch(text):
        raise ValueError(
            f'"{text}" is not a compression that Borg knows; write "none", "lz4", "zstd,1" to "zstd,22", '
            '"zlib,0" to "zlib,9" or "lzma,0" to "lzma,9", and "auto," before it to try each file first'
        )
    return text


def _zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        if isinstance(value, str) and value:
            return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    shown = f'"{value}" is not a known time zone' if isinstance(value, str) else "must be a text in quotes"
    raise ValueError(f'{shown}; write one such as "Europe/Berlin", "America/New_York" or "UTC"')


def _engine_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", text):
        raise ValueError(f'"{text}" is not a name that Docker gives to networks and volumes')
    return text


def _command_line(text: str) -> str:
    if not text.strip() or any(character in text for character in "\0\n\r"):
        raise ValueError("must be one command on one line; put longer ones into a script on the client")
    return text.strip()


def _file_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text):
        raise ValueError(f'"{text}" is not a plain file name, such as "postgres.sql"')
    return text


# What an editor is told of them; all that is wrong beyond that, `borgpull config check` says.
_DurationText = Annotated[str, Field(pattern=r"^\s*(?:\d{1,9}[wdhmsWDHMS])+\s*$", examples=["45s", "36h", "7d"])]
_SizeText = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^\s*\d.*$", examples=["500M", "2TiB"])]

ArchivePattern = Annotated[str, AfterValidator(_archives)]
ClientName = Annotated[str, AfterValidator(client_name)]
CommandLine = Annotated[str, AfterValidator(_command_line)]
Compression = Annotated[str, AfterValidator(_compression)]
Count = Annotated[int, Field(strict=True, ge=0)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration, json_schema_input_type=_DurationText)]
FileName = Annotated[str, AfterValidator(_file_name)]
Flag = Annotated[bool, Field(strict=True)]
FolderPath = Annotated[PurePosixPath, AfterValidator(lambda path: PurePosixPath(_source_path(str(path))))]
NetworkName = Annotated[str, AfterValidator(_engine_name)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Quota = Annotated[int, BeforeValidator(_size, json_schema_input_type=_SizeText), AfterValidator(_quota)]
Share = Annotated[float, Field(strict=True, gt=0, le=1)]
Size = Annotated[int, BeforeValidator(_size, json_schema_input_type=_SizeText)]
Memory = Annotated[int, BeforeValidator(_size, json_schema_input_type=_SizeText), AfterValidator(_memory)]
SourcePath = Annotated[str, AfterValidator(_source_path)]
TimeZone = Annotated[ZoneInfo, BeforeValidator(_zone, json_schema_input_type=str)]
VolumeName = Annotated[str, AfterValidator(_engine_name)]
