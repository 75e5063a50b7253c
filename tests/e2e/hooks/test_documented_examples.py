"""The promise: the examples of docs/how-to/hooks.md that it says were run are run here, word for word."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside, outside_archives

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

_PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "hooks.md"
_COPY = "/var/backups/borgpull/shop.db"
# A writer that holds a transaction open in WAL mode: a plain copy of the file would lack every committed row.
_WRITER = """
import os, signal, sqlite3
os.makedirs("/var/lib/shop")
database = sqlite3.connect("/var/lib/shop/shop.db", isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA wal_autocheckpoint=0")
database.execute("CREATE TABLE orders (number)")
database.executemany("INSERT INTO orders VALUES (?)", [(number,) for number in range(1000)])
database.execute("BEGIN")
database.execute("INSERT INTO orders VALUES (4711)")
open("/var/lib/shop/writing", "x").close()
signal.pause()
"""
_COUNT = """
import sqlite3
database = sqlite3.connect("/tmp/out/var/backups/borgpull/shop.db")
print(*database.execute("SELECT count(*), max(number) FROM orders").fetchone())
"""


def example(heading: str) -> str:
    """Return the first block of TOML below a heading of the page."""
    below = _PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    block = re.search(r"```toml\n(.*?)```", below, re.DOTALL)
    assert block is not None
    assert tomllib.loads(block[1])
    return block[1]


def test_sqlite_is_dumped_whole_while_an_application_writes(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    appliance.add_client("shop", machine, "--path", "/var/backups")
    text = f'host = "{machine.host}"\nuser = "root"\npaths = ["/var/backups"]\n{example("SQLite")}'
    appliance.write_config(text, "/config/clients.d/shop.toml")
    machine.exec("sed", "-i", "/borgpull-shop$/d", "/root/.ssh/authorized_keys")
    machine.authorize(appliance.borgpull("client", "setup", "shop", "--key-line").stdout)
    docker("exec", "--detach", machine.host, "python3", "-c", _WRITER)
    is_writing = ("test", "-e", "/var/lib/shop/writing")
    wait_for(lambda: machine.exec(*is_writing, check=False).returncode == 0, within=60, what="the shop writes")

    run = appliance.run("shop")

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = outside_archives(appliance, "shop")
    script = 'borg extract "$0"; python3 -c "$1"'
    found = outside(appliance, "shop", "sh", "-euc", script, f"::{archive}", _COUNT)
    assert found.stdout.split() == ["1000", "999"]
    assert machine.exec("test", "-e", _COPY, check=False).returncode == 1
    assert_nothing_is_left(appliance, "shop", machine)
