"""The files of the gateway: who has which port, who may dial in, its own host key, and what it reports."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import places
from appliance.plan.tunnel_report import TunnelReport
from appliance.plan.tunnels import Tunnel, free_port, public_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import PurePosixPath

_LARGEST_REPORT = 1 << 20


class TunnelFiles:
    """One file a client below /config/tunnels: `PORT`, or `PORT KIND BASE64` once its side has made a key.

    `uid` and `gid` own what the gateway reads and writes; tests give their own. Raises StateError.
    """

    def __init__(
        self,
        *,
        config: Path = Path(places.CONFIG),
        state: Path = Path(places.STATE),
        uid: int = places.UID,
        gid: int = places.GID,
    ) -> None:
        self._roots = ((places.CONFIG, config), (places.STATE, state))
        self._owner = (uid, gid)

    def tunnels(self) -> Mapping[str, Tunnel]:
        """Return every tunnel there is, by client; raises StateError when two clients have the same port or key."""
        folder = self._here(places.tunnel_file("any")).parent
        try:
            names = sorted(entry.name for entry in folder.iterdir() if entry.is_file() and entry.name[0] != ".")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StateError(f"{folder} cannot be read: {error.strerror}") from error
        found = {name: self._read(name) for name in names}
        _refuse_shared(found.values())
        return found

    def tunnel(self, client: str) -> Tunnel | None:
        """Return the client's tunnel; None when it has no port yet."""
        return self.tunnels().get(client)

    def register(self, client: str, key: str = "") -> Tunnel:
        """Give the client a port of its own if it has none, and let this key (a line of a .pub file) open it.

        Without a key, the one that is there stays. Raises ValueError for what is no key, or is another client's.
        """
        wanted = public_key(key) if key else ""
        with self._alone():
            known = self.tunnels()
            before = known.get(client)
            port = before.port if before else free_port(one.port for one in known.values())
            made = Tunnel(client=client, port=port, key=wanted or (before.key if before else ""))
            for other in known.values():
                if other.client != client and made.key and other.key == made.key:
                    raise ValueError(f"is the tunnel key of {other.client} already; make another one for {client}")
            if made != before:
                self._write(places.tunnel_file(client), f"{made.port} {made.key}".strip() + "\n", mode=0o644)
        return made

    def host_key(self) -> str:
        """Return the gateway's public host key, `kind base64`; it is made at the first question, and once for ever."""
        private = self._here(places.gateway_key_file())
        public = private.with_name(f"{private.name}.pub")
        if not (private.is_file() and public.is_file()):
            with self._alone():
                self._make_host_key(private)
        try:
            return public_key(public.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise StateError(f"{public} is no public key that can be read: {error}") from error

    def open_door(self, admissions: str) -> None:
        """Let exactly these lines of authorized_keys in, and make what else the gateway is given."""
        self.host_key()
        try:
            self._folder(self._here(places.gateway_folder(places.REPORTS)))
            # Made under another PUID it would be nothing that this gateway may read.
            self._give(self._here(places.gateway_key_file()))
            door = places.gateway_folder(places.DOOR) / places.ADMITTED.name
            if _text(self._here(door)) != admissions:
                self._write(door, admissions, mode=0o644)
            # sshd lets nobody in by a file of somebody else's.
            self._folder(self._here(door).parent)
            self._give(self._here(door))
        except OSError as error:
            raise StateError(f"{error.filename} cannot be written: {error.strerror}") from error

    def report(self) -> TunnelReport | None:
        """Return what the gateway said last; None when it never did, or what is there is no report."""
        file = self._here(places.gateway_folder(places.REPORTS)) / places.TUNNEL_REPORT.name
        try:
            # The gateway meets strangers: it must not be able to point us at another file, or at an endless one.
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                text = os.read(descriptor, _LARGEST_REPORT)
            finally:
                os.close(descriptor)
        except OSError:
            return None
        return TunnelReport.from_json(text.decode("utf-8", "replace"))

    def _read(self, client: str) -> Tunnel:
        file = self._here(places.tunnel_file(client))
        try:
            port, _, key = file.read_text("utf-8").strip().partition(" ")
            return Tunnel(client=client, port=int(port), key=public_key(key) if key else "")
        except (OSError, ValueError) as error:
            raise StateError(
                f"{file} cannot be used ({error}); remove it, and `borgpull client setup {client}` gives the client "
                "another port"
            ) from error

    def _make_host_key(self, private: Path) -> None:
        # Slow to load, and seldom needed.
        from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        place = places.gateway_key_file()
        if not private.is_file():
            made = Ed25519PrivateKey.generate().private_bytes(
                form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption()
            )
            self._write(place, made.decode("ascii"), mode=0o600)
        try:
            # From the private key, so that a crash between the two files is mended by the next call.
            pair = form.load_ssh_private_key(private.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise StateError(f"{private} is no private key that can be read: {error}") from error
        line = pair.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH).decode("ascii")
        self._write(place.with_name(f"{place.name}.pub"), f"{line} borgpull-gateway\n", mode=0o644)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let nobody else, in no other process, choose a port or make the key at the same time."""
        folder = self._here(places.tunnel_file("any")).parent
        try:
            self._folder(folder)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise StateError(f"{folder} cannot be used: {error.strerror}; is /config mounted writable?") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _here(self, place: PurePosixPath) -> Path:
        for root, folder in self._roots:
            if place.is_relative_to(root):
                return folder / place.relative_to(root)
        raise ValueError(f"{place} is on no volume of the appliance")

    def _folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._give(folder)

    def _give(self, path: Path) -> None:
        state = path.stat()
        if (state.st_uid, state.st_gid) != self._owner:
            os.chown(path, *self._owner)

    def _write(self, place: PurePosixPath, text: str, *, mode: int) -> None:
        """Write the whole file or nothing, never readable by others for a moment in between."""
        file = self._here(place)
        fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            self._folder(file.parent)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    stream.write(text)
                    stream.flush()
                    os.fchmod(descriptor, mode)
                    os.fsync(descriptor)
                self._give(fresh)
                fresh.replace(file)
            finally:
                fresh.unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"{file} cannot be written: {error.strerror}; is its volume mounted writable?") from error


def _refuse_shared(tunnels: Iterable[Tunnel]) -> None:
    owners: dict[int | str, str] = {}
    for one in tunnels:
        unique: tuple[int | str, ...] = (one.port, one.key) if one.key else (one.port,)
        for what in unique:
            owner = owners.setdefault(what, one.client)
            if owner != one.client:
                raise StateError(
                    f"the tunnels of {owner} and {one.client} have the same {'key' if what == one.key else 'port'}; "
                    f"remove {one.client} from /config/tunnels and run `borgpull client setup {one.client}` with a key "
                    "of its own"
                )


def _text(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return None
