"""Key pairs that are made for one run and worth nothing after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.plan import places
from appliance.pull import execute
from appliance.pull.failure import Failure
from appliance.record import Reason

_ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """`private` is the file of the private key, `public` the public key as `type base64`."""

    private: Path
    public: str


def made_key_pair(name: str) -> KeyPair:
    """Make a key pair of that name in this container's memory; raises Failure."""
    file = Path(places.SCRATCH / name)
    made = _keygen("-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(file))
    if made.code != 0:
        raise _failure(made)
    return KeyPair(private=file, public=_two_words(Path(f"{file}.pub").read_text("utf-8")))


def read_key_pair(file: Path) -> KeyPair:
    """Take a private key that is there already; raises Failure."""
    derived = _keygen("-y", "-P", "", "-f", str(file))
    if derived.code != 0:
        raise _failure(derived)
    return KeyPair(private=file, public=_two_words(derived.stdout))


def _keygen(*words: str) -> execute.Finished:
    return execute.run(("ssh-keygen", *words), _ENVIRONMENT, timeout_seconds=_SECONDS)


def _failure(finished: execute.Finished) -> Failure:
    why = " ".join(finished.stderr.split())[-200:] or f"exit {finished.code}"
    return Failure(Reason.INTERNAL, f"The key pair of this run could not be made or read ({why}).")


def _two_words(line: str) -> str:
    return " ".join(line.split()[:2])
