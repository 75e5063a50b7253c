"""How a client is asked for its listing: one command, and the program on its standard input before the request."""

from __future__ import annotations

import hashlib

from appliance.pull.listing.program import PROGRAM

# What the command ends with, by which a key that runs its own command knows what it is asked for.
NAME = "borgpull-listing"
_TEXT = PROGRAM.encode()
SHA256 = hashlib.sha256(_TEXT).hexdigest()
LENGTH = len(_TEXT)
# Byte by byte, so that nothing of the request is swallowed: no shell promises that of a program on its own input.
_TAKE = f"dd bs=1 count={LENGTH} 2>/dev/null"
# Without quotes in quotes, so that every login shell hands it on as it stands.
COMMAND = f"exec /bin/sh -c 'eval \"$({_TAKE})\"' {NAME}"
_SERVERS = "/usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh /usr/libexec/ssh /usr/libexec /usr/lib"
# What a key runs in place of any command: this very program, or SFTP for reading, and nothing else. sshd's own
# internal-sftp is no program, so sftp-server must be there. No quotes: dropbear leaves the backslashes before them in
# the command. Without field splitting (IFS) and globbing (-f) none are needed.
FORCED = (
    f"IFS=; set -f; case $SSH_ORIGINAL_COMMAND in *{NAME}) s=$({_TAKE}); "
    f"case $(printf %s $s | sha256sum) in {SHA256}*) eval $s; exit;; esac; exit 65;; esac; "
    f"for d in {_SERVERS}; do [ -x $d/sftp-server ] && exec $d/sftp-server -R; done"
)


def to_send(request: bytes) -> bytes:
    """What the command is given on its standard input, whole."""
    return _TEXT + request
