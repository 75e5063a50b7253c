"""Answer /metrics and /healthz over HTTP with a bounded number of threads; it reads, and changes nothing."""

from __future__ import annotations

import json
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from appliance.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CONNECTIONS = 16
PATIENCE_SECONDS = 10
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class HttpServer:
    """Serves on `listen` (address:port) from `start` to `stop`.

    `metrics` returns Prometheus's text format; `trouble` returns "" while the supervisor is well, else a sentence.
    """

    def __init__(self, listen: str, metrics: Callable[[], bytes], trouble: Callable[[], str]) -> None:
        address, _, port = listen.rpartition(":")
        try:
            self._server = _Bounded((address.strip("[]"), int(port)), metrics, trouble)
        except (OSError, ValueError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no address and port"
            raise StateError(
                f"metrics cannot be served on {listen}: {reason}; set `listen` under [appliance] to a free one"
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port in use, also when 0 was asked for."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Bounded(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], metrics: Callable[[], bytes], trouble: Callable[[], str]) -> None:
        self.metrics = metrics
        self.trouble = trouble
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            # [::] is every address whatever the kernel's default is: Docker's published port comes by IPv4.
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        # Whoever opens many connections waits outside; the supervisor's memory is not theirs.
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Somebody hung up in the middle of an answer: nothing for the log.
        pass


class _Handler(BaseHTTPRequestHandler):
    server: _Bounded
    timeout = PATIENCE_SECONDS
    server_version = "borgpull"
    sys_version = ""

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(HTTPStatus.OK, self.server.metrics(), PROMETHEUS_TEXT)
            case "/healthz":
                trouble = self.server.trouble()
                said = {"status": "unhealthy", "reason": trouble} if trouble else {"status": "ok"}
                status = HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK
                self._answer(status, json.dumps(said).encode(), "application/json")
            case _:
                self.send_error(HTTPStatus.NOT_FOUND, explain="There is only /metrics and /healthz.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        # A scrape every 15 seconds would be all there is to read.
        pass

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)
