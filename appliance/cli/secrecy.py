"""Take secrets out of text that leaves the house: those that are known by value, and what looks like one."""

from __future__ import annotations

import base64
import json
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REMOVED = "[removed]"
ADDRESS = "[address]"
# A shorter one cannot be told from ordinary words; a part of one is likelier to be one of those.
_SHORTEST, _SHORTEST_PART = 4, 8
# Where the host of such a URL is a host; in others of Apprise (`tgram://TOKEN/…`) a token stands in its place.
_WITH_A_HOST = frozenset({
    "ftp", "gotify", "gotifys", "http", "https", "json", "jsons", "mailto", "mailtos", "matrix", "matrixs", "mqtt",
    "mqtts", "ntfy", "ntfys", "sftp", "smtp", "ssh", "tcp", "xml", "xmls",
})  # fmt: skip
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_BORG_KEY = re.compile(r"(BORG_KEY [0-9a-f]{64})(?:\s+[A-Za-z0-9+/=]{20,})+")
_LOGIN = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://)[^/\s@]+@")
_NAMED = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key)[\w-]*[\"']?\s*(?:=|:\s)\s*[\"']?)([^\s\"',;]+)"
)
_AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}")
_IN_COMMANDS = re.compile(
    r"(?i)(?:pass\w*|secret\w*|token\w*|\w*key|user)[=: ]+[\"']?([^\s\"']+)|\s-p\s?[\"']?([^\s\"']+)"
)
_PERHAPS_AN_ADDRESS = re.compile(r"(?<![\w:.-])[0-9A-Fa-f:.]{2,45}(?![\w:-])")
_HARDWARE = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_WORDS = re.compile(r"[^\s/:@?&=,;'\"]+")


class Censor:
    """Replaces secrets, and where asked the names of hosts and addresses too, in any text or value of JSON."""

    def __init__(self, secrets: Iterable[str], hosts: Iterable[str] | None = None) -> None:
        """`secrets` are whole ones; their parts and other spellings are found here.

        `hosts` are taken out too, and with them every IP or hardware address; None leaves all of those.
        """
        spelled = {form for secret in secrets for part in parts(secret) for form in _spellings(part)}
        # The longest first, so that a part of a secret does not save the rest of it.
        self._secrets = sorted(spelled, key=len, reverse=True)
        self._hides_hosts = hosts is not None
        self._hosts = {host: f"host-{number}" for number, host in enumerate(sorted(set(hosts or ()) - {""}), 1)}
        named = "|".join(re.escape(host) for host in sorted(self._hosts, key=len, reverse=True))
        self._named_hosts = re.compile(rf"(?<![\w.-])(?:{named})(?![\w-])")

    def text(self, text: str) -> str:
        """Return the text without them."""
        for secret in self._secrets:
            text = text.replace(secret, REMOVED)
        text = _KEY_BLOCK.sub(REMOVED, text)
        text = _BORG_KEY.sub(rf"\1 {REMOVED}", text)
        text = _LOGIN.sub(rf"\1{REMOVED}@", text)
        text = _AUTHORIZATION.sub(rf"\1 {REMOVED}", text)
        text = _NAMED.sub(rf"\1{REMOVED}", text)
        if self._hosts:
            text = self._named_hosts.sub(lambda found: self._hosts[found[0]], text)
        return _PERHAPS_AN_ADDRESS.sub(_without_address, text) if self._hides_hosts else text

    def value(self, value: Any) -> Any:
        """Return a value of JSON or TOML without them, in names of keys too."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(str(key)): self.value(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self.value(inner) for inner in value]
            case _:
                return value


def parts(secret: str) -> Iterator[str]:
    """Yield a secret as a whole, line by line, and what is secret in it where it is a URL."""
    whole = secret.strip()
    if len(whole) >= _SHORTEST:
        yield whole
    for line in whole.splitlines():
        kept = line.strip()
        if len(kept) >= _SHORTEST_PART and not kept.startswith("-----"):
            yield kept
        if "://" in kept:
            yield from (part for part in _of_url(kept) if len(part) >= _SHORTEST_PART)


def in_command(command: str) -> Iterator[str]:
    """Yield a shell command as a whole, and what looks like a password in it."""
    yield command
    for named, short in _IN_COMMANDS.findall(command):
        found = named or short
        if len(found) >= _SHORTEST:
            yield found
    # Letters and digits in one word: as likely a token as anything.
    yield from (word for word in _WORDS.findall(command) if len(word) >= _SHORTEST_PART and _is_mixed(word))


def _is_mixed(word: str) -> bool:
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word))


def _without_address(found: re.Match[str]) -> str:
    said = found[0].rstrip(".:")
    if not _HARDWARE.fullmatch(said):
        try:
            ip_address(said)
        except ValueError:
            return found[0]
    return ADDRESS + found[0][len(said) :]


def _of_url(url: str) -> Iterator[str]:
    try:
        split = urlsplit(url)
        host = "" if split.scheme.lower() in _WITH_A_HOST else split.netloc.rpartition("@")[2]
    except ValueError:
        return
    login = split.netloc.rpartition("@")[0]
    queried = (word for pair in split.query.split("&") for word in pair.split("=")[1:])
    for part in (host, login, *login.split(":"), *split.path.split("/"), *queried, split.fragment):
        yield part
        yield unquote(part)


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield json.dumps(secret)[1:-1]
    yield base64.b64encode(secret.encode("utf-8", "surrogateescape")).decode().rstrip("=")
