"""A recipe for a user of the client that reads everything and is not root: by a capability, or by one rule of sudo."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.config.model import MachineClient

READER = "borgpull-reader"
CAPABILITY = "capability"
SUDO = "sudo"
WAYS = (CAPABILITY, SUDO)

_COPY = "/usr/local/lib/borgpull-sftp-server"
# sshd goes by the first line of a key, so an older one of the same key has to go.
# Its home and its key's file belong to root: whoever logs in with the key cannot even change those. sshd starts what
# the key is bound to by the user's shell, so that must be one; a password of "*" is none, and is not "locked" either.
_USER = """\
( set -e; umask 022
id -u {user} >/dev/null 2>&1 || useradd --system --user-group --no-create-home \\
    --home-dir /var/lib/{user} --shell /bin/sh --password '*' {user}
keys=$(awk -F: '$1 == "{user}" && $6 {{ print $6 }}' /etc/passwd)/.ssh/authorized_keys
mkdir -p "${{keys%/*}}"; touch "$keys"; sed -i '\\#{body}#d' "$keys"
for server in /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server \\
    /usr/libexec/sftp-server /usr/lib/ssh/sftp-server /usr/lib/sftp-server
do if [ -x "$server" ]; then break; fi; done
"""
# Only this user's group may start the copy: whoever can start it can read everything.
_BY_CAPABILITY = """\
install -o root -g "$(id -gn {user})" -m 0750 "$server" {copy}
setcap cap_dac_read_search+ep {copy}
printf '%s\\n' 'restrict,command="{copy} -R" {key}' >> "$keys"
echo done )
"""
# The rule names the program with its only argument, so it gives nothing else. Without a terminal of its own sudo only
# starts it, and copies no bytes.
_BY_SUDO = """\
printf '%s\\n' 'Defaults:{user} !use_pty, !requiretty' \\
    "{user} ALL=(root) NOPASSWD: $server -R" > /etc/sudoers.d/{user}.new
chmod 0440 /etc/sudoers.d/{user}.new
visudo -cf /etc/sudoers.d/{user}.new
mv /etc/sudoers.d/{user}.new /etc/sudoers.d/{user}
printf 'restrict,command="sudo -n %s -R" %s\\n' "$server" '{key}' >> "$keys"
echo done )
"""


def reader_of(client: MachineClient) -> str:
    """Return the user that the recipe is for: the client's own, or a new one where that is root."""
    return READER if client.user == "root" else client.user


def reader_script(user: str, public_key: str, way: str = CAPABILITY) -> str:
    """Return the commands, as root on the client, that let the key read everything there and do nothing else.

    They may be repeated, say after an update of sftp-server. `way` is one of WAYS.
    """
    script = _USER + (_BY_SUDO if way == SUDO else _BY_CAPABILITY)
    key = public_key.strip()
    return script.format(user=user, copy=_COPY, key=key, body=key.split()[1])


def reader_text(name: str, user: str, public_key: str, way: str = CAPABILITY) -> str:
    """Say what to paste, and what it means."""
    if way == SUDO:
        means = "By one rule of sudo the key can start sftp-server as root, reading only, and do nothing else."
    else:
        means = (
            "The key can then read every file by SFTP and do nothing else: a copy of sftp-server gets the right to\n"
            "read all (CAP_DAC_READ_SEARCH) and no other. After updates of OpenSSH do it again: a copy stays as it is."
        )
    commands = "".join(f"  {line}\n" for line in reader_script(user, public_key, way).splitlines())
    return f"On {name}, as root, paste this. It makes the user {user} if there is none.\n{means}\n\n{commands}"
