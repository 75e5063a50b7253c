"""One supervisor per state volume: held by a lock of the kernel, which no crash leaves behind."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from appliance.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock file while inside; raises StateError when another process holds it or it cannot be made."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"{path} cannot be written ({error.strerror}); is the state volume mounted?") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateError(f"another supervisor already works on {path.parent}; stop one of the two") from error
        except OSError as error:
            raise StateError(f"{path} cannot be locked ({error.strerror}); use a local disk for the state") from error
        yield
    finally:
        os.close(descriptor)
