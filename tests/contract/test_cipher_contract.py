"""What encrypts the escrow, held by GnuPG and by the fake of the other tests alike."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.edges.openpgp import OpenPgp
from appliance.errors import BorgpullError
from tests.cli_world import FakeCipher

PASSPHRASE = "sechs zufällige Wörter".encode()
PLAIN = bytes(range(256)) * 5000
# The image has it, and tests/e2e/the_nas_is_dead goes through it; a machine that runs the tests need not.
with_gpg = pytest.param("gpg", marks=pytest.mark.skipif(shutil.which("gpg") is None, reason="no gpg on this machine"))


@pytest.fixture(params=[with_gpg, "fake"])
def cipher(request: pytest.FixtureRequest) -> OpenPgp | FakeCipher:
    return OpenPgp() if request.param == "gpg" else FakeCipher()


def test_what_was_encrypted_opens_to_the_same(cipher: OpenPgp | FakeCipher) -> None:
    sealed = cipher.encrypt(PLAIN, PASSPHRASE)

    assert cipher.decrypt(sealed, PASSPHRASE) == PLAIN
    assert PASSPHRASE not in sealed
    assert PLAIN[:256] not in sealed


def test_another_passphrase_opens_nothing(cipher: OpenPgp | FakeCipher) -> None:
    sealed = cipher.encrypt(PLAIN, PASSPHRASE)

    with pytest.raises(BorgpullError, match="does not open"):
        cipher.decrypt(sealed, PASSPHRASE + b"!")


@pytest.mark.parametrize("place", [0, 100, -1], ids=["first", "inside", "last"])
def test_one_changed_byte_opens_nothing(cipher: OpenPgp | FakeCipher, place: int) -> None:
    sealed = bytearray(cipher.encrypt(PLAIN, PASSPHRASE))
    sealed[place] ^= 0xFF

    with pytest.raises(BorgpullError, match="does not open"):
        cipher.decrypt(bytes(sealed), PASSPHRASE)


@pytest.mark.parametrize("cut", [0, 10, -1], ids=["empty", "hardly begun", "one byte short"])
def test_a_file_that_broke_off_opens_nothing(cipher: OpenPgp | FakeCipher, cut: int) -> None:
    sealed = cipher.encrypt(PLAIN, PASSPHRASE)

    with pytest.raises(BorgpullError, match="does not open"):
        cipher.decrypt(sealed[:cut], PASSPHRASE)


@pytest.mark.skipif(shutil.which("gpg") is None, reason="no gpg on this machine")
def test_gpg_shows_the_passphrase_to_nobody_who_looks_at_processes() -> None:
    seen: dict[str, bytes] = {}
    working = threading.Thread(target=OpenPgp().encrypt, args=(PLAIN * 30, PASSPHRASE))
    working.start()
    while working.is_alive() and len(seen) < 2:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "comm").read_text() == "gpg\n":
                    seen |= {name: (process / name).read_bytes() for name in ("cmdline", "environ")}
    working.join()

    assert b"--passphrase-fd" in seen["cmdline"]
    assert b"GNUPGHOME" in seen["environ"]
    assert not [name for name, text in seen.items() if PASSPHRASE in text]


@pytest.mark.skipif(shutil.which("gpg") is None, reason="no gpg on this machine")
def test_gpg_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    descriptors = len(list(Path("/proc/self/fd").iterdir()))

    OpenPgp().encrypt(PLAIN, PASSPHRASE)

    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
