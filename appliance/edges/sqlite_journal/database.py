"""The journal's file: a connection per thread, transactions, and SQLite's errors as sentences for the operator."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.schema import MIGRATIONS
from appliance.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The command line and the supervisor share the file; a transaction of either is far shorter.
PATIENCE_SECONDS = 30
_AGAIN_SECONDS = 0.02
_SENTENCES = {
    sqlite3.SQLITE_FULL: "the volume it is on is full; free some space there",
    sqlite3.SQLITE_READONLY: "it cannot be written; is the state volume mounted read-only, or owned by another user?",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; is the state volume mounted, and may this user write there?",
    sqlite3.SQLITE_CORRUPT: "it is damaged; stop the supervisor, move the file away and keep it for `sqlite3 .recover`",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite file; move it away, a new one will be made",
    sqlite3.SQLITE_BUSY: f"another process has kept it locked for {PATIENCE_SECONDS} seconds",
    sqlite3.SQLITE_IOERR: "the disk reports an error; look at the host's kernel log",
}


@dataclass
class _Held:
    """A thread's connection; dropped, and so closed, when the thread ends."""

    connection: sqlite3.Connection


class Database:
    """One SQLite file. Nothing is opened before it is used; every error is a StateError.

    `connection` is the kind of connection: a test gives one that is killed at a chosen write.
    """

    def __init__(self, path: Path, connection: type[sqlite3.Connection] = sqlite3.Connection) -> None:
        self._path = path
        self._kind = connection
        self._local = threading.local()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection for single statements."""
        with self._sentences():
            yield self._connection()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection inside a transaction that is on the disk when the block ends."""
        with self._sentences():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def writing_lazily(self) -> Iterator[sqlite3.Connection]:
        """Like `writing`, but a power cut may lose it: for what is soon written anew."""
        with self._sentences():
            connection = self._connection()
            connection.execute("PRAGMA synchronous = NORMAL")
            try:
                with self.writing() as inside:
                    yield inside
            finally:
                connection.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None:
            held.connection.close()
            del self._local.held

    def _connection(self) -> sqlite3.Connection:
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            self._make_private()
            # Used by this thread alone, but an ended thread's connection may be closed by another.
            connection = sqlite3.connect(
                self._path,
                timeout=PATIENCE_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                factory=self._kind,
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            held = self._local.held = _Held(connection)
            weakref.finalize(held, connection.close)
        return held.connection

    def _make_private(self) -> None:
        # Created here with its final mode, which SQLite gives to the files it puts beside it too. A file that exists
        # is never opened here: closing it would drop every lock that this process's connections hold on it (POSIX),
        # and the next process to leave would delete the WAL under their feet (sqlite.org/howtocorrupt.html, §2.2).
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise StateError(
                f"cannot use the journal {self._path}: {error.strerror}; is the state volume mounted and writable?"
            ) from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if _version(connection) == len(MIGRATIONS):
            return
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise StateError(
                f"the journal {self._path} was written by a newer Borgpull (schema {version}, this one knows "
                f"{len(MIGRATIONS)}); use that version again, or restore the journal of before the upgrade"
            )
        for step in MIGRATIONS[version:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # The low byte is the kind of error; the rest are details of it.
            kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
            raise StateError(f"cannot use the journal {self._path}: {_SENTENCES.get(kind, str(error))}") from error
        except UnicodeEncodeError:
            # Not what the journal holds, but what was to be written there or looked for.
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(
                f"the journal {self._path} holds what this version does not understand ({error!r}); was it written by "
                "another Borgpull? Use that version again"
            ) from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have it keep a write-ahead log. Of a new file SQLite does that at once or not at all, whatever the timeout is.

    So whoever opens it beside another waits here for the other.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _statements(script: str) -> Iterator[str]:
    # executescript would commit the open transaction before it starts.
    pending = ""
    for line in script.splitlines():
        pending += f"{line}\n"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
