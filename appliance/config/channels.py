"""Where the operator is told something: URLs that hold secrets, and so are never shown as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

SECRET = "secret"  # noqa: S105 - the word before a file's name
# What `config show` prints in place of everything behind the scheme.
HIDDEN = "***"
_EXAMPLE = 'write a URL such as "ntfys://ntfy.sh/my-topic", or "secret:NAME" for one in secrets/notify_urls/NAME'
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class ChannelUrl:
    """A URL of Apprise or Healthchecks, or `secret:NAME` for one that stands in a file.

    `text` is a secret (S5); everything else, and the value as a text, can be shown.
    """

    text: str = field(repr=False)

    @classmethod
    def read(cls, value: object) -> ChannelUrl:
        """Read what the operator wrote; no sentence here repeats it."""
        if isinstance(value, ChannelUrl):
            return value
        if not isinstance(value, str):
            raise ValueError(f"must be a text in quotes: {_EXAMPLE}")  # noqa: TRY004 - pydantic collects this one
        text = value.strip()
        if HIDDEN in text:
            raise ValueError(f'"{HIDDEN}" is what `borgpull config show` prints in place of a secret; {_EXAMPLE}')
        found = cls(text)
        is_secret = re.fullmatch(r"secret:[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text)
        is_url = re.fullmatch(r"[A-Za-z][A-Za-z0-9]{1,31}://[^\s\x00-\x1f\x7f]+", text) and len(text) <= _LONGEST
        if not is_secret and not is_url:
            raise ValueError(f"is no address to send to; {_EXAMPLE}")
        return found

    @property
    def kind(self) -> str:
        """The scheme: `ntfy`, `mailto`, `https`; `secret` where only the file knows."""
        return self.text.partition(":")[0].lower()

    @property
    def file(self) -> str:
        """The name of the file that holds the URL; empty where it stands here."""
        return self.text.partition(":")[2] if self.kind == SECRET else ""

    def __str__(self) -> str:
        return self.text if self.file else f"{self.kind}://{HIDDEN}"


def _listed(value: object) -> object:
    """Take a single URL for a list of one: the sentence for a text that should be a list would repeat the secret."""
    return [value] if isinstance(value, str) else value


def _is_web(url: ChannelUrl) -> ChannelUrl:
    if url.kind not in (SECRET, "http", "https"):
        raise ValueError(
            'must be the ping URL of a check, such as "https://hc-ping.com/…", or "secret:NAME" for one in '
            "secrets/notify_urls/NAME"
        )
    return url


_Url = Annotated[ChannelUrl, BeforeValidator(ChannelUrl.read, json_schema_input_type=str)]
ChannelUrls = Annotated[tuple[_Url, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
PingUrl = Annotated[ChannelUrl, BeforeValidator(ChannelUrl.read, json_schema_input_type=str), AfterValidator(_is_web)]
