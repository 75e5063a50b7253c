"""What a dry run tells of a machine that it looks at by SFTP: everything that would come, and what stands there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appliance.pull.restores.preview import Preview
from appliance.pull.restores.target import Target
from appliance.pull.voice import Voice
from appliance.record import RestoreOrder, Way
from tests.sftp_server import SftpServer, talking

if TYPE_CHECKING:
    from pathlib import Path

# More than are on the way at once, so that answers come in while questions are still asked.
MANY = 2000


def told(root: Path, *, in_place: bool) -> list[tuple[str, bool]]:
    order = RestoreOrder(archive="web1-1", way=Way.NUMERIC, target=str(root), in_place=in_place, preview=True)
    entries = [{"path": "etc", "type": "d", "size": 0}]
    entries += [{"path": f"etc/{number}", "type": "-", "size": 3} for number in range(MANY)]
    with talking(SftpServer()) as (session, _):
        preview = Preview(session, Target(path=bytes(root), made=False), Voice())
        lines = [json.loads(line) for line in preview.told(order, (json.dumps(entry) for entry in entries))]
    return [(line["path"], line["exists"]) for line in lines]


@pytest.mark.parametrize("in_place", [True, False])
def test_every_member_is_told_once_and_what_stands_there_only_of_a_restore_in_place(
    tmp_path: Path, *, in_place: bool
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/7").write_text("there")
    (tmp_path / "etc/1999").symlink_to("nowhere")

    found = told(tmp_path, in_place=in_place)

    assert [path for path, _ in found] == ["etc", *(f"etc/{number}" for number in range(MANY))]
    assert [path for path, exists in found if exists] == (["etc/7", "etc/1999"] if in_place else [])
