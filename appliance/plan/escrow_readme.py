"""The README.txt of the bundle: the recipe in plain words, for somebody who has this file, the disk and no Borgpull."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.plan.escrow import EscrowedClient, Manifest

_TEXT = """\
ESCROW OF THE BACKUP SERVER (BORGPULL)
made {made} by Borgpull {version}

This folder and the disk with the repositories are all it takes to get every file back. Keep it secret: with it and the
disk, everything can be read.

  config/       the configuration: TOML files, keys/ (ssh), secrets/NAME/passphrase, known_hosts/, gateway/, tunnels/
  borg-keys/    the exported key of each Borg repository
  state/        the journal: which repository is whose, and which archives are known to be good
  manifest.json the same for programs

{clients}

A. FILES BACK, WITH PLAIN BORG

On any Linux with BorgBackup 1.2 to 1.4 (Debian: apt install borgbackup). The disk holds one folder per client; here it
is mounted at /media/disk and the client is NAME. As root, in the folder of this file:

  export BORG_REPO=/media/disk/NAME
  export BORG_PASSCOMMAND="cat $PWD/config/secrets/NAME/passphrase"
  export BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
  borg --bypass-lock list
  mkdir -p /tmp/restored && cd /tmp/restored
  borg --bypass-lock extract --numeric-ids ::ARCHIVE home/ann

ARCHIVE is a name from the list, paths have no leading slash, and without a path everything is extracted. Archives
called NAME.tmp- are not whole. Does Borg say that the key is missing or damaged? Then the repository's `config` file
is: copy the disk's folder first, and put the key of this bundle into the copy with `borg key import`:

  borg key import /media/copy/NAME borg-keys/NAME

B. A NEW BACKUP SERVER THAT GOES ON WHERE THE OLD ONE ENDED

Install Borgpull as its README says, with REPO_DIR set to the disk, and before it is started for the first time:

  docker compose run --rm -v "$PWD:/escrow:ro" supervisor escrow --restore /escrow/THE-BUNDLE.gpg
  docker compose up -d

It is paused then, so that you can look first: docs/how-to/the-nas-is-dead.md tells how to go on. Without that command,
the same by hand: config/ becomes the configuration folder (owner of all files: PUID:PGID, else 1000:1000), and
state/journal.sqlite goes into the volume "state".
"""


def readme(manifest: Manifest) -> str:
    """Return the text; it names each client and what is known of it."""
    return _TEXT.format(
        made=f"{manifest.made:%Y-%m-%d %H:%M} UTC",
        version=manifest.version,
        clients="\n".join(_client(client) for client in manifest.clients) or "There is no client yet.",
    )


def _client(client: EscrowedClient) -> str:
    if client.trouble:
        return f"  {client.name}: ITS KEY IS MISSING HERE ({client.trouble})"
    if not client.key:
        return f"  {client.name}: had no repository yet"
    newest = f", the newest {client.archives[-1].name}" if client.archives else ""
    count = len(client.archives)
    return (
        f"  {client.name}: repository {client.repository_id or '?'}, {count} good archive{'s' * (count != 1)}{newest}"
    )
