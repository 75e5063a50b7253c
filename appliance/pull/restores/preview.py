"""What a restore would do, said before it does anything: each member, and what stands there now under its name."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from appliance.borg import repository as verbs
from appliance.pull.answers import lines_of
from appliance.pull.restores.members import safe_parts
from appliance.pull.sftp import packets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.restores.target import Target
    from appliance.pull.sftp.replies import Reply
    from appliance.pull.sftp.session import Session
    from appliance.pull.voice import Voice
    from appliance.record import RestoreOrder

_TYPE = 0o170000
_FOLDER = 0o040000


class Preview:
    """Looks at the client for what an archive would bring there, and tells it. Changes nothing."""

    def __init__(self, session: Session, target: Target, voice: Voice) -> None:
        """Nothing is looked at yet."""
        self._session, self._root, self._voice = session, target.path.rstrip(b"/"), voice
        self._members = self._there = self._size = 0
        # What the client has answered and nobody was told yet.
        self._answers: list[str] = []

    def tell(self, plan: RunPlan, order: RestoreOrder) -> None:
        """Tell every member, then the totals; raises Failure."""
        self._voice.items(self.told(order, lines_of(plan, verbs.list_files(plan, order.archive, order.paths))))
        self._voice.data({"members": self._members, "exist": self._there, "size": self._size})

    def told(self, order: RestoreOrder, listed: Iterable[str]) -> Iterator[str]:
        """Yield a line of JSON for each member that Borg has listed; raises Failure."""
        for line in listed:
            entry = json.loads(line)
            self._size += int(entry.get("size") or 0)
            parts = safe_parts(entry["path"])
            if not parts:
                continue
            self._members += 1
            if order.in_place or order.resume:
                then = partial(self._looked, entry["path"], entry["type"])
                self._session.post(packets.look_at(b"/".join((self._root, *parts))), then)
                self._session.make_room()
                yield from self._answered()
            else:
                yield json.dumps({"path": entry["path"], "exists": False, "kind": entry["type"]})
        self._session.settle()
        yield from self._answered()

    def _answered(self) -> Iterator[str]:
        answers, self._answers = self._answers, []
        return iter(answers)

    def _looked(self, path: str, kind: str, reply: Reply) -> None:
        mode = (reply.attributes.mode or 0) if reply.attributes else 0
        # A folder that is there stays, and only gets its owner, mode and time.
        overwritten = reply.ok and not (kind == "d" and mode & _TYPE == _FOLDER)
        self._there += overwritten
        self._answers.append(json.dumps({"path": path, "exists": overwritten, "kind": kind}))
