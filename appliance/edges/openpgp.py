"""GnuPG with a passphrase: encrypts and opens what every Debian can open too."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from appliance.errors import BorgpullError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator

# OpenPGP of RFC 4880, which every gpg, sq and rnp reads: AES256, authenticated by the modification detection code, and
# as many rounds for the passphrase as the format can count.
_ENCRYPT = (
    *("--symmetric", "--cipher-algo", "AES256", "--s2k-mode", "3"),
    *("--s2k-digest-algo", "SHA512", "--s2k-cipher-algo", "AES256", "--s2k-count", "65011712"),
)
# Of a file that broke off in its first bytes gpg makes nothing at all, and ends with 0: only these words are proof.
_DECRYPT = ("--status-fd", "2", "--decrypt")
_WHOLE = (b"[GNUPG:] DECRYPTION_OKAY", b"[GNUPG:] GOODMDC")
_LIMIT_SECONDS = 600.0


class OpenPgp:
    """One `gpg` a call, with a home of its own that is gone afterwards. The passphrase goes through a pipe (S5)."""

    def encrypt(self, content: bytes, passphrase: bytes) -> bytes:
        """Return it encrypted; raises StateError where gpg cannot."""
        finished = _gpg(_ENCRYPT, content, passphrase)
        if finished.returncode != 0:
            raise StateError(f"gpg did not encrypt: {_why(finished.stderr)}")
        return finished.stdout

    def decrypt(self, content: bytes, passphrase: bytes) -> bytes:
        """Return what was encrypted, whole and unchanged; raises BorgpullError where it is not, or not with that."""
        finished = _gpg(_DECRYPT, content, passphrase)
        said = finished.stderr.splitlines()
        # What gpg wrote until it saw that something was changed is not to be used.
        if finished.returncode != 0 or not all(word in said for word in _WHOLE):
            why = _why(finished.stderr)
            raise BorgpullError(f"the bundle does not open: wrong passphrase, or a damaged file (gpg says: {why})")
        return finished.stdout


def _gpg(words: tuple[str, ...], content: bytes, passphrase: bytes) -> subprocess.CompletedProcess[bytes]:
    with tempfile.TemporaryDirectory(prefix="borgpull-gpg-") as home, _as_pipe(passphrase) as pipe:
        argv = (
            *("gpg", "--homedir", home, "--no-options", "--batch", "--no-tty", "--quiet"),
            *("--pinentry-mode", "loopback", "--passphrase-fd", str(pipe), *words),
        )
        try:
            return subprocess.run(
                argv,
                input=content,
                capture_output=True,
                check=False,
                pass_fds=(pipe,),
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "GNUPGHOME": home},
                timeout=_LIMIT_SECONDS,
            )
        except FileNotFoundError as error:
            raise StateError("there is no gpg here; the image of Borgpull has it") from error
        except subprocess.TimeoutExpired as error:
            raise StateError(f"gpg did not end within {_LIMIT_SECONDS:.0f} seconds") from error


@contextmanager
def _as_pipe(passphrase: bytes) -> Iterator[int]:
    """Give a descriptor to read the passphrase from; it is far shorter than what a pipe holds by itself."""
    reading, writing = os.pipe()
    try:
        os.write(writing, passphrase + b"\n")
    finally:
        os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)


def _why(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.startswith("gpg:")]
    return " ".join((lines or ["nothing"])[-1].removeprefix("gpg: ").split())[:300]
