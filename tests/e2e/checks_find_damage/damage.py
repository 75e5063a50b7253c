"""Damage one stored piece of data; run as `python3 - REPOSITORY plain|forged` where the repository is.

`plain` flips one bit, as a disk does that forgets. `forged` also mends the checksum, so that only who decrypts sees it.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

# Borg 1.4: crc, size, tag, then for a PUT (tag 0) the id and the data; the first 8 bytes are the file's magic.
_HEADER = struct.Struct("<IIB")
_PUT, _ID = 0, 32


def main() -> None:
    """Flip a bit in the middle of the largest piece there is, and print its segment."""
    repository, how = Path(sys.argv[1]), sys.argv[2]
    segments = [path for path in repository.glob("data/*/*") if path.name.isdigit()]
    size, path, offset = max(piece for segment in segments for piece in _pieces(segment))
    content = bytearray(path.read_bytes())
    content[offset + _HEADER.size + _ID + (size - _HEADER.size - _ID) // 2] ^= 1
    if how == "forged":
        struct.pack_into("<I", content, offset, zlib.crc32(content[offset + 4 : offset + size]))
    path.write_bytes(content)
    print(path)  # noqa: T201 - the answer


def _pieces(path: Path) -> list[tuple[int, Path, int]]:
    content, offset, found = path.read_bytes(), 8, []
    while offset < len(content):
        _, size, tag = _HEADER.unpack_from(content, offset)
        if tag == _PUT:
            found.append((size, path, offset))
        offset += size
    return found


if __name__ == "__main__":
    main()
