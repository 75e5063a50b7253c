"""Tell the operator through Apprise: mail, ntfy, Telegram and a hundred other services, each named by a URL."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import unquote

from appliance.errors import NotifyError
from appliance.notice import Notice, Severity
from appliance.plan.plain_text import cut

# Apprise takes more than a second to load, and 30 MB: only who uses it pays for it.
_TYPES = {Severity.CRITICAL: "failure", Severity.WARNING: "warning", Severity.INFO: "info"}
_SECONDS = 10
# A piece of a URL that is shorter than this is no secret, and taking it out would make the sentence unreadable.
_SHORTEST_SECRET = 4
_LONGEST_REASON = 300
# About so many: a report of a thousand clients is not worth sixty messages on a phone.
_MOST_PARTS = 10


class AppriseNotifier:
    """Delivers to any URL that Apprise knows; each connection and answer may take ten seconds."""

    def send(self, url: str, notice: Notice) -> None:
        """Deliver it; raises NotifyError. What Apprise says of a failure is told without any piece of the URL."""
        import apprise  # noqa: PLC0415 - see above

        said = _Listener()
        logger = logging.getLogger("apprise")
        # What it logs holds hosts and users: it goes through the sentence of the error, or nowhere.
        logger.propagate = False
        logger.addHandler(said)
        try:
            self._send(apprise, url, notice, said)
        finally:
            logger.removeHandler(said)

    def _send(self, apprise: Any, url: str, notice: Notice, said: _Listener) -> None:
        kind = url.partition(":")[0].lower()
        try:
            service = apprise.Apprise.instantiate(_bounded(url))
            delivered = service is not None and service.notify(
                title=notice.title,
                body=_fitting(apprise, service, url, notice.body),
                notify_type=apprise.NotifyType(_TYPES[notice.severity]),
                body_format=apprise.NotifyFormat.TEXT,
            )
        except Exception as error:  # noqa: BLE001 - a hundred services, each with a library of its own
            raise NotifyError(f"{kind}: {type(error).__name__} in Apprise") from None
        if service is None:
            raise NotifyError(f"{kind} is no service that Apprise knows, or its URL is not complete")
        if not delivered:
            raise NotifyError(f"{kind}: {harmless(said.last, url) or 'the service did not take it'}")


def _fitting(apprise: Any, service: Any, url: str, body: str) -> str:
    """Let a text that is longer than the service takes be told in parts, unless the operator has chosen (`overflow`).

    Left to itself Apprise sends it as it is, and the service refuses it each time anew. Services without a limit of
    their own get it whole: Apprise assumes one for them as well, but a mail in parts is of no use.
    """
    if "overflow=" in url or service.body_maxlen in (0, apprise.NotifyBase.body_maxlen):
        return body
    service.overflow_mode = apprise.OverflowMode.SPLIT
    return cut(body, _MOST_PARTS * service.body_maxlen)


class _Listener(logging.Handler):
    """Keeps the last warning."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.last = record.getMessage()


def harmless(sentence: str, url: str) -> str:
    """Take every piece of the URL out of a sentence but for its scheme."""
    kind, _, rest = url.partition("://")
    pieces = {piece for text in (rest, unquote(rest)) for piece in re.split(r"[:/@?&=#,;]", text)}
    for piece in sorted((piece for piece in pieces if len(piece) >= _SHORTEST_SECRET), key=len, reverse=True):
        if piece.lower() != kind.lower():
            sentence = re.sub(re.escape(piece), "***", sentence, flags=re.IGNORECASE)
    return " ".join(sentence.split())[:_LONGEST_REASON].rstrip(".")


def _bounded(url: str) -> str:
    """Give the URL limits of time, unless the operator gave it his own."""
    if "cto=" in url and "rto=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}cto={_SECONDS}&rto={_SECONDS}"
