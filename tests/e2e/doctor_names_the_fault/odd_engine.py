"""Stands between a doctor and the engine, and answers some questions as another engine would.

`odd_engine.py SOCKET ENGINE_SOCKET HOW`, where HOW is `old` (an engine of ten years ago), `skewed` (its clock is two
hours ahead) or `strict` (a socket proxy that lets nobody make a container).
"""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import socketserver
import sys
import time

_TWO_HOURS = 7200


class Engine(http.client.HTTPConnection):
    """A connection to the real engine."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class Odd(http.server.BaseHTTPRequestHandler):
    """Hands each request on, but for those that are answered otherwise."""

    engine = how = ""

    def address_string(self) -> str:
        """A client of a UNIX socket has none."""
        return "-"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Tell the time in the head of an answer."""
        ahead = _TWO_HOURS if self.how == "skewed" else 0
        return super().date_time_string((timestamp or time.time()) + ahead)

    def _carry(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.how == "strict" and self.command == "POST" and "/containers/create" in self.path:
            self._answer(403, b"403 Forbidden by the socket proxy\n", "text/plain")
            return
        engine = Engine(self.engine)
        engine.request(self.command, self.path, body, dict(self.headers))
        answer = engine.getresponse()
        said = answer.read()
        self._answer(answer.status, self._changed(said), answer.headers.get("Content-Type", "application/json"))

    def _changed(self, said: bytes) -> bytes:
        if self.how == "old" and self.path.endswith("/version"):
            return json.dumps({**json.loads(said), "Version": "1.11.2", "ApiVersion": "1.23"}).encode()
        return said

    def _answer(self, status: int, said: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = _carry  # noqa: N815 - the names are the library's


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One thread a connection."""

    daemon_threads = True


def main() -> None:
    """Serve until killed."""
    path, Odd.engine, Odd.how = sys.argv[1:]
    with Server(path, Odd) as server:
        server.serve_forever()


main()
