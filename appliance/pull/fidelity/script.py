"""What makes the test tree on a client, and what removes it: POSIX shell, for GNU, busybox and others alike.

Each specimen is a function that works only where it really made what it is for; what it complains of is told. What
cannot be made by the client's own tools is tried by its Python, where it has one.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# What the specimens hold, for whoever compares.
TEXT = b"Borgpull was here.\n"
SECONDS = 1_000_000_000
NANOSECONDS = 1_000_000_000_123_456_789
STRANGERS = (4242, 4343)
ATTRIBUTE = ("user.borgpull", "kept")
HOLE_BYTES = 24 << 20
CHARACTER_DEVICE = (1, 3)
BLOCK_DEVICE = (7, 200)
LINKS = {"link-absolute": "/etc/passwd", "link-up": "../../../../etc/hostname", "link-dangling": "no such file"}
MODES = {
    "mode-plain": 0o640,
    "mode-read-only": 0o444,
    "mode-setuid": 0o4755,
    "mode-setgid": 0o2755,
    "mode-sticky": 0o1777,
}
NAMES = {
    "name-newline": b"new\nline",
    "name-raw": b"raw-\351\377",
    "name-dash": b"-rf",
    "name-quotes": b" quo'te\"s\\ *?[a]$HOME ",
    "name-longest": b"0" * 255,
}

_SWEEP = """
sweep() {
    find "$1/" -maxdepth 1 -type d -user "$(id -u)" -name "borgpull-fidelity.$tag.*" -print 2>/dev/null |
    while IFS= read -r old; do
        command -v chattr >/dev/null 2>&1 && chattr -R -i "$old" 2>/dev/null
        rm -rf "$old"
    done
}
"""
_PLANT = r"""
umask 022
TZ=UTC0; LC_ALL=C; export TZ LC_ALL
PATH="$PATH:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"
say() { printf 'borgpull:%s=%s\n' "$1" "$2"; }
mkdir -m 700 "$tree" && cd "$tree" || { say failed "cannot make $tree"; exit 0; }
text='Borgpull was here.'
put() { printf '%s\n' "$text" > "$1"; }
has() { command -v "$1" >/dev/null 2>&1; }
no() { echo "$1" >&2; return 1; }
python() { has python3 || no "no tool there for it" && python3 -c "$1"; }
mode() { stat -c %a "$1" 2>/dev/null || stat -f %Mp%Lp "$1" | sed 's/^0*//'; }
owner() { stat -c %u:%g "$1" 2>/dev/null || stat -f %u:%g "$1"; }
mtime() { stat -c %Y "$1" 2>/dev/null || stat -f %m "$1"; }
dated() { [ "$(mtime "$1")" = 1000000000 ] || no "the time is not kept there"; }
moded() { chmod "$2" "$1" && { [ "$(mode "$1")" = "$2" ] || no "the mode is not kept there"; }; }
linked() { ln -s "$2" "$1" && [ -L "$1" ]; }
named() { mkdir -p names && printf '%s\n' "$text" > "names/$1" && [ -f "names/$1" ]; }
try() {
    key=$1; shift
    if said=$("$@" 2>&1 >/dev/null); then say "made.$key" yes
    else say "why.$key" "$(printf '%s' "$said" | tail -n 1 | tail -c 160)"; fi
}

nanoseconds() {
    put nanoseconds
    touch -d '2001-09-09 01:46:40.123456789' nanoseconds 2>/dev/null ||
        python 'import os; os.utime("nanoseconds", ns=(1000000000123456789,) * 2)' || return 1
    case $(stat -c %y nanoseconds) in *.123456789*) ;; *) no "times there are coarser" ;; esac
}
owned() { put owner && owner owner; }
stranger() { put owner-stranger && chown 4242:4343 owner-stranger && [ "$(owner owner-stranger)" = 4242:4343 ]; }
attribute() {
    put attribute
    if has setfattr; then setfattr -n user.borgpull -v kept attribute
    else python 'import os; os.setxattr("attribute", "user.borgpull", b"kept")'; fi
}
acl() {
    put acl
    if has setfacl; then setfacl -m u:4242:r acl; else python '
import os, struct
entries = (1, 6, -1), (2, 4, 4242), (4, 4, -1), (16, 4, -1), (32, 4, -1)
packed = b"".join(struct.pack("<HHi", *entry) for entry in entries)
os.setxattr("acl", "system.posix_acl_access", struct.pack("<I", 2) + packed)'; fi
}
holes() {
    put holes && dd if=/dev/null of=holes bs=1 seek=25165824 2>/dev/null && put end && cat end >> holes && rm end &&
        { [ "$(du -k holes | cut -f 1)" -lt 2000 ] || no "no holes there"; }
}
socket() {
    if has perl; then
        perl -e 'use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0) and bind(S, sockaddr_un("socket")) or die "$!\n"'
    else python 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'; fi && [ -S socket ]
}
flag() {
    put "flag$1" && { has chattr || no "no chattr there"; } && chattr "$1" "flag$1" &&
        case $(lsattr -d "flag$1" | cut -d ' ' -f 1) in *"${1#?}"*) ;; *) no "the flag is not kept there" ;; esac
}

try contents put contents
try empty-folder mkdir empty-folder
try name-newline named "$(printf 'new\nline')"
try name-raw named "$(printf 'raw-\351\377')"
try name-dash named -rf
try name-quotes named " quo'te\"s\\ *?[a]\$HOME "
try name-longest named "$(printf '%0255d' 0)"
try link-absolute linked link-absolute /etc/passwd
try link-up linked link-up ../../../../etc/hostname
try link-dangling linked link-dangling 'no such file'
hard_link() { put hard-one && ln hard-one hard-two && [ hard-one -ef hard-two ]; }
try hard-link hard_link
put mode-plain; try mode-plain moded mode-plain 640
put mode-read-only; try mode-read-only moded mode-read-only 444
put mode-setuid; try mode-setuid moded mode-setuid 4755
put mode-setgid; try mode-setgid moded mode-setgid 2755
mkdir mode-sticky; try mode-sticky moded mode-sticky 1777
try owner owned
try owner-stranger stranger
old() { touch $2 -t 200109090146.40 "$1" && dated "$1"; }
put time-file; try time-file old time-file
mkdir time-folder; try time-folder old time-folder
linked time-link nowhere; try time-link old time-link -h
try nanoseconds nanoseconds
put ctime; touch -t 200109090146.40 ctime; try ctime stat -c %Z ctime
try holes holes
try attribute attribute
try acl acl
try fifo mkfifo fifo
try socket socket
try character-device mknod character-device c 1 3
try block-device mknod block-device b 7 200
try flag-nodump flag +d
try flag-immutable flag +i
user=$(stat -c %U owner 2>/dev/null || stat -f %Su owner)
group=$(stat -c %G owner 2>/dev/null || stat -f %Sg owner)
has_names() { [ -n "$user$group" ] && [ "$user" != UNKNOWN ] && [ "$group" != UNKNOWN ] || no "it has no name there"; }
try owner-names has_names
say value.owner "$(owner owner)"
say value.user "$user"
say value.group "$group"
say value.ctime "$(stat -c %Z ctime 2>/dev/null)"
say done yes
"""
_GONE = """
if [ -e "$tree" ] || [ -L "$tree" ]; then printf 'borgpull:stays=yes\\n'; else printf 'borgpull:gone=yes\\n'; fi
"""


def sweep_script(tag: str, parents: Iterable[str]) -> str:
    """Remove every test tree of this client in those folders, whoever left it."""
    return "\n".join([f"tag={shlex.quote(tag)}", _SWEEP, *(f"sweep {shlex.quote(one)}" for one in parents), ""])


def plant_script(tag: str, tree: str, parents: Iterable[str]) -> str:
    """Remove old trees, then make the tree and say what of it could be made."""
    return f"{sweep_script(tag, parents)}tree={shlex.quote(tree)}\n{_PLANT}"


def uproot_script(tag: str, tree: str, parents: Iterable[str]) -> str:
    """Remove the tree and say whether it is gone."""
    return f"{sweep_script(tag, parents)}tree={shlex.quote(tree)}\n{_GONE}"
