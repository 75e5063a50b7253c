"""What the unprivileged half was handed at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.pull import link


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What the controller was handed: the link to the root half, and the read ends of Borg's and sshfs's pipes."""

    control: link.Link
    stdout: int
    stderr: int
    sshfs: int
