"""Restores by SFTP onto a folder of this machine, from members made for the purpose."""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from appliance.pull.restores.filing import Filing
from appliance.pull.restores.folders import Folders
from appliance.pull.restores.linking import Linking
from appliance.pull.restores.members import Member, Owners, member
from appliance.pull.restores.placing import Placing
from appliance.pull.restores.report import Report
from appliance.pull.restores.standing import Standing
from tests.sftp_server import SftpServer, talking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.pull.sftp.session import Session

LONG_AGO = 1_234_567_890


def made(
    path: str,
    kind: bytes = tarfile.REGTYPE,
    *,
    content: bytes = b"",
    target: str = "",
    mode: int = 0o640,
    owner: tuple[int, int] = (1234, 2345),
    names: tuple[str, str] = ("alice", "family"),
) -> tuple[Member, IO[bytes] | None]:
    """One member and its content, as an export gives them."""
    info = tarfile.TarInfo(path)
    info.type, info.linkname, info.mode, info.mtime = kind, target, mode, LONG_AGO
    (info.uid, info.gid), (info.uname, info.gname) = owner, names
    info.size = len(content)
    return member(info), io.BytesIO(content) if kind == tarfile.REGTYPE else None


def folder(path: str, mode: int = 0o750) -> tuple[Member, IO[bytes] | None]:
    return made(path, tarfile.DIRTYPE, mode=mode)


def symlink(path: str, target: str) -> tuple[Member, IO[bytes] | None]:
    return made(path, tarfile.SYMTYPE, target=target, mode=0o777)


def hard_link(path: str, target: str) -> tuple[Member, IO[bytes] | None]:
    return made(path, tarfile.LNKTYPE, target=target)


@dataclass
class Bench:
    """One restore: put members, then end it and look at the report."""

    session: Session
    report: Report
    folders: Folders
    filing: Filing
    placing: Placing

    def put(self, *members: tuple[Member, IO[bytes] | None]) -> Report:
        for one, content in members:
            self.placing.put(one, content)
        self.session.settle()
        self.folders.close()
        return self.report


@contextmanager
def restoring(
    root: Path,
    server: SftpServer,
    *,
    owners: Owners | None = None,
    looks: bool = False,
    resumes: bool = False,
    on_the_way: frozenset[tuple[bytes, ...]] = frozenset(),
) -> Iterator[Bench]:
    """Begin a restore into a folder that stands."""
    with talking(server) as (session, _):
        report, whose = Report(), owners or Owners()
        folders = Folders(session, report, whose, bytes(root), looks=looks or resumes)
        filing = Filing(session, folders, whose, report, "run")
        linking = Linking(session, filing, whose, report)
        standing = Standing(session, report) if resumes else None
        placing = Placing(session, folders, filing, linking, report, on_the_way=on_the_way, standing=standing)
        yield Bench(session, report, folders, filing, placing)
