"""Ping a check of Healthchecks (or of anything that speaks its way): start, success, failure and log."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from appliance.errors import NotifyError
from appliance.notice import Event, Notice

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 10
_PATHS: Mapping[Event, str] = {
    Event.STARTED: "/start",
    Event.SUCCEEDED: "",
    Event.FAILED: "/fail",
    Event.LOGGED: "/log",
}


class HealthchecksNotifier:
    """Posts the body of a notice to the check's URL; the answer may take ten seconds."""

    def __init__(self) -> None:
        # A redirect would carry the body, and turn a POST into a GET: whoever answers with one is no Healthchecks.
        self._opener = urllib.request.build_opener(_NoRedirect)

    def send(self, url: str, notice: Notice) -> None:
        """Ping; raises NotifyError."""
        address = ping_address(url, notice.event)
        try:
            request = urllib.request.Request(  # noqa: S310 - the scheme is checked by the configuration
                address,
                data=f"{notice.body}\n".encode(),
                headers={"Content-Type": "text/plain; charset=utf-8", "User-Agent": "borgpull"},
            )
            with self._opener.open(request, timeout=_SECONDS):
                return
        except urllib.error.HTTPError as error:
            error.close()
            raise NotifyError(f"the check answered {error.code}; is its URL right?") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            # Not what the error says: it may repeat the URL.
            reason = getattr(error, "reason", error)
            why = reason.strerror if isinstance(reason, OSError) else type(reason).__name__
            raise NotifyError(f"no answer from the check ({why or type(reason).__name__})") from None


def ping_address(url: str, event: Event) -> str:
    """Return where to ping: the path of the event goes before a query, as in `…/slug?create=1`."""
    base, mark, query = url.partition("?")
    return f"{base.rstrip('/')}{_PATHS.get(event, '/log')}{mark}{query}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""
