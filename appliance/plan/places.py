"""Where things are inside the containers, and what they are called outside: one place for every such name."""

from __future__ import annotations

from pathlib import PurePosixPath

# In the supervisor.
CONFIG = PurePosixPath("/config")
STATE = PurePosixPath("/state")
REPOSITORIES = PurePosixPath("/repos")
# What is restored onto this server lands here.
RESTORED = PurePosixPath("/restored")
JOURNAL = STATE / "journal.sqlite"
# Of each client a folder, of each run a file.
LOGS = STATE / "logs"
# `passwd` and `group` for containers whose user has another number than the image's.
ACCOUNTS = STATE / "accounts"

# In a pull container. One odd top-level folder, and the same in the chroot, so that Borg sees its repository and its
# cache under one path whatever the method (a moved repository makes Borg ask), and so that a client's own folder
# of that name is the only thing a chroot archive can never hold.
ROOM = PurePosixPath("/.borgpull")
PLAN = ROOM / "plan.json"
KEY = ROOM / "key"
# What a restore logs in to the client with; machines on the way still know the other one alone.
RESTORE_KEY = ROOM / "restore_key"
KNOWN_HOSTS = ROOM / "known_hosts"
PASSPHRASE = ROOM / "passphrase"
# What `borg key export` printed: with it and the passphrase, a repository's folder is enough.
EXPORTED_KEY = ROOM / "exported_key"
REPOSITORY = ROOM / "repository"
CACHE = ROOM / "cache"
SOURCE = ROOM / "source"
# Where a restore onto this server writes: the folder, or the pipe to whoever asked.
TARGET = ROOM / "restored"
STREAM = ROOM / "stream"
# What a drill compares with the client: its first container leaves it in the cache, its second one is given it alone.
SAMPLE = ROOM / "sample.json"
# What is a throw-away repository's own, where a run has the client's: the passphrase is a file, the rest are folders.
SCRATCH_INSIDE = (PASSPHRASE, REPOSITORY, CACHE, TARGET)

# Constant for ever: Borg's files cache is keyed by the absolute path, so another mount point means reading everything.
CLIENT_ROOT = PurePosixPath("/mnt/client")
CHROOT = PurePosixPath("/mnt/root")
SCRATCH = PurePosixPath("/run/borgpull")
FETCHED_PASSWD = SCRATCH / "passwd"
FETCHED_GROUP = SCRATCH / "group"
SSH_CONFIG = SCRATCH / "ssh_config"
REMOTE_COMMAND = SCRATCH / "remote_command"
SERVE_SOCKET = SCRATCH / "serve.sock"
AGENT_SOCKET = SCRATCH / "agent.sock"
# The key of a client that wants one for good in that agent.
AGENT_KEY = ROOM / "agent_key"
# The sshd of a run, which only that run's client can log in to.
CALLBACK_PORT = 2222

# Where the gateway's sshd listens, in a network that it shares with the runs it carries; and what is given to it.
GATEWAY_PORT = 2022
DOOR = ROOM / "door"
ADMITTED = DOOR / "authorized_keys"
GATEWAY_HOST_KEY = ROOM / "host_key"
REPORTS = ROOM / "reports"
TUNNEL_REPORT = REPORTS / "tunnels.json"

# What Borg on a client calls the repository. Constant for ever, whatever the way to it: Borg asks about a moved one.
REMOTE_HOST = "borgpull"
REMOTE_LOCATION = f"ssh://{REMOTE_HOST}{REPOSITORY}"

# The one unprivileged user of the image; PUID and PGID give him other numbers (config/owner.py).
UID = 1000
GID = 1000
USER = "borgpull"

LABEL_APPLIANCE = "borgpull.appliance"
LABEL_CLIENT = "borgpull.client"
LABEL_OPERATION = "borgpull.operation"
LABEL_RUN = "borgpull.run"
# On the second container of a run alone.
LABEL_SECOND = "borgpull.second"
# The gateway's container has no run; of what it was made stands in this label.
LABEL_GATEWAY = "borgpull.gateway"
# On whatever reaches its machine through a gateway: the name of that gateway's container.
LABEL_THROUGH = "borgpull.through"
# A run is not a service: updaters must not restart it in the middle of a backup.
UPDATERS_KEEP_AWAY = {
    "com.centurylinklabs.watchtower.enable": "false",
    "wud.watch": "false",
    "dockhand.update": "false",
}


def container_name(appliance: str, client: str) -> str:
    """Name the pull container; the name is the client's lock, since the engine refuses a second one."""
    return f"{appliance}-{client}"


def gateway_name(appliance: str) -> str:
    """Name the container that clients dial in to; runs through it share its network."""
    return f"{appliance}-gateway"


def client_tag(appliance: str, client: str) -> str:
    """Mark what is put on a client as this appliance's, by its id, so that nothing of another is ever swept away."""
    # Not for everybody who wants to know a folder's name: it loads OpenSSL.
    import hashlib  # noqa: PLC0415

    return hashlib.sha256(f"{appliance}/{client}".encode()).hexdigest()[:8]


def repository_folder(client: str) -> PurePosixPath:
    """Where the client's repository is, as the supervisor sees it."""
    return REPOSITORIES / client


def cache_folder(client: str) -> PurePosixPath:
    """Where the client's Borg cache, security and key folders are, as the supervisor sees it."""
    return STATE / "cache" / client


def sample_file(client: str) -> PurePosixPath:
    """What the client's last drill has chosen, as the supervisor sees it."""
    return cache_folder(client) / SAMPLE.name


def run_folder(client: str) -> PurePosixPath:
    """Where the plan of the client's run in progress lies, as the supervisor sees it."""
    return STATE / "runs" / client


def scratch_folder(client: str, run_id: str) -> PurePosixPath:
    """Where a repository that is thrown away lies, as the supervisor sees it."""
    return run_folder(client) / f"{run_id}.scratch"


def key_file(client: str) -> PurePosixPath:
    """The client's private key, as the supervisor sees it; the public one is beside it with `.pub`."""
    return CONFIG / "keys" / client / "id_ed25519"


def agent_key_file(client: str) -> PurePosixPath:
    """The private key that a client of method ssh-agent has for good where it wants one, as the supervisor sees it."""
    return CONFIG / "keys" / client / "id_ed25519_agent"


def restore_key_file(client: str) -> PurePosixPath:
    """The second private key, the only one that may write on the client; its machine lets it in for a while at most."""
    return CONFIG / "keys" / client / "id_ed25519_restore"


def restore_mark(client: str) -> str:
    """The restore key's comment: by it the operator finds and removes its line on the client."""
    return f"borgpull-restore-{client}"


def passphrase_file(client: str) -> PurePosixPath:
    """The passphrase of the client's repository, as the supervisor sees it."""
    return CONFIG / "secrets" / client / "passphrase"


def notify_url_file(name: str) -> PurePosixPath:
    """The file that holds the URL `secret:NAME`; no client's name has an underscore, so no client has this folder."""
    return CONFIG / "secrets" / "notify_urls" / name


def known_hosts_file(client: str) -> PurePosixPath:
    """The pinned host keys of the client (host field: the client's name) and of its hops, as the supervisor sees it."""
    return CONFIG / "known_hosts" / client


def host_key_alias(client: str, hop: int = 0) -> str:
    """Name a machine in the client's pinned host keys: hop 1 is the first one on the way, 0 the client itself.

    No client's name has a slash, so no hop is ever taken for a client.
    """
    return f"jump{hop}/{client}" if hop else client


def tunnel_file(client: str) -> PurePosixPath:
    """The gateway's port for a client that dials in, and the key that may open it, as the supervisor sees it."""
    return CONFIG / "tunnels" / client


def gateway_key_file() -> PurePosixPath:
    """The gateway's own host key, as the supervisor sees it; the public one is beside it with `.pub`."""
    return CONFIG / "gateway" / "ssh_host_ed25519_key"


def gateway_folder(inside: PurePosixPath) -> PurePosixPath:
    """Where a folder of the gateway (DOOR or REPORTS) lies, as the supervisor sees it."""
    return STATE / "gateway" / inside.name
