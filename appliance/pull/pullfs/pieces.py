"""The pieces in which a file comes, and that those of nothing but zeros cost no memory: they are all the same one."""

from __future__ import annotations

# What every SFTP server must be able to give at once (draft-ietf-secsh-filexfer-02, section 3).
PIECE_BYTES = 1 << 15
ZEROS = bytes(PIECE_BYTES)
# What one of them costs all the same: its place in a table, rounded up.
_PLACE_BYTES = 512


def kept(data: bytes) -> bytes:
    """Return the same bytes, to be kept."""
    return ZEROS if data == ZEROS else data


def held_bytes(piece: bytes) -> int:
    """How much of our memory a piece takes, in bytes."""
    return _PLACE_BYTES if piece is ZEROS else len(piece)
