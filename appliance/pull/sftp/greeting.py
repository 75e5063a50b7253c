"""What a login shell prints before the first packet of SFTP: it is passed over, a little of it.

sshd's own internal-sftp meets no shell. A key that starts sftp-server by a command does, and there files such as
~/.bashrc are read for each command.
"""

from __future__ import annotations

# A packet begins with its length, and none is so long that the first of the four bytes would not be 0. No text has it.
BEGINNING = b"\0"
LONGEST_BYTES = 1 << 16


def pass_over(unread: bytearray) -> int:
    """Take away what comes before the first packet; returns how many bytes that were."""
    start = unread.find(BEGINNING)
    count = len(unread) if start < 0 else start
    del unread[:count]
    return count
