"""Who is told: an HTTP receiver (webhooks and the pings of a check) and a mail server, which keep what they are given.

`python3 receiver.py` serves HTTP on port 8080 and SMTP on port 2525. GET /received gives all of it as a JSON list,
PUT /refuse/N lets every request and mail be refused by that HTTP status (0: taken again).
Standard library alone: it also runs in a container that has nothing else.
"""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HTTP_PORT, SMTP_PORT = 8080, 2525
_PATIENCE_SECONDS = 30


@dataclass
class Receiver:
    """Both servers on the given ports (0: any free one), from `start` to `stop`. `received` is in the order of arrival.

    Each entry has `by` (http or smtp), `to` (path or address), `title` and `body`.
    """

    http_port: int = 0
    smtp_port: int = 0
    address: str = "127.0.0.1"
    received: list[dict[str, str]] = field(default_factory=list)
    refuse: int = 0

    def start(self) -> None:
        self._http = _Web((self.address, self.http_port), self)
        self._smtp = _Mail((self.address, self.smtp_port), self)
        self.http_port, self.smtp_port = self._http.server_address[1], self._smtp.server_address[1]
        for server in (self._http, self._smtp):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        for server in (self._http, self._smtp):
            server.shutdown()
            server.server_close()


class _Web(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _WebRequest)


class _WebRequest(BaseHTTPRequestHandler):
    server: _Web
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        self._answer(200, json.dumps(self.server.receiver.received))

    def do_PUT(self) -> None:
        self.server.receiver.refuse = int(self.path.rpartition("/")[2])
        self._answer(200, "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.server.receiver.refuse:
            self._answer(self.server.receiver.refuse, "refused")
            return
        if self.headers.get("Content-Type", "").startswith("application/json"):
            found = json.loads(body)
            title, body = str(found.get("title", "")), str(found.get("message", ""))
        else:
            title = ""
        self.server.receiver.received.append({"by": "http", "to": self.path, "title": title, "body": body})
        self._answer(200, "OK")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


class _Mail(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _MailSession)


class _MailSession(socketserver.StreamRequestHandler):
    server: _Mail
    timeout = _PATIENCE_SECONDS

    def handle(self) -> None:
        recipients: list[str] = []
        self._say("220 receiver.lab ESMTP")
        while line := self.rfile.readline().decode().strip():
            word = line.split(":")[0].split(" ")[0].upper()
            if word == "DATA":
                self._say("354 go on")
                self._take(recipients)
                recipients = []
            elif word == "QUIT":
                self._say("221 bye")
                return
            elif word == "RCPT":
                recipients.append(line.partition(":")[2].strip().strip("<>").split(">")[0])
                self._say("250 fine")
            else:
                self._say("250 fine")

    def _take(self, recipients: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b".\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.server.receiver.refuse:
            self._say("451 not now")
            return
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        text = message.get_body(("plain", "html"))
        body = "" if text is None else str(text.get_content())
        for recipient in recipients:
            entry = {"by": "smtp", "to": recipient, "title": str(message["subject"]), "body": body}
            self.server.receiver.received.append(entry)
        self._say("250 taken")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def main() -> None:
    """Serve until the end of the container."""
    Receiver(http_port=HTTP_PORT, smtp_port=SMTP_PORT, address="0.0.0.0").start()  # noqa: S104 - in the lab's network
    threading.Event().wait()


if __name__ == "__main__":
    main()
