"""The program that a client runs to list itself, as text: POSIX sh, with whatever can look at many files quickly.

It writes nothing on the client and takes no option; what to list comes on its standard input (`request.py`), and what
it says is read by `read.py`. Asked for the holes of files, it tells those (`holes.py`) and lists nothing.
A key may admit exactly this text by its SHA-256 (`script.py`), so every change of it asks operators for another key
line: change it for a reason.
"""

from __future__ import annotations

# Runs under `set -f`. Records go to descriptor 4; what find and the others complain of, and the numbers of device
# files, are kept in $said, since only the end of a listing may hold them. Attributes are read meanwhile, by a process
# that keeps them to itself until the end, up to 32 MiB of them. Root can read whatever it likes, and is not asked.
PROGRAM = r"""set -f
unset IFS
cd /
LC_ALL=C
export LC_ALL
nl='
'
python='
import errno, os, stat, sys, time
task, number, how, start, *rest = map(os.fsencode, sys.argv[1:] + [""] * 4)
prunes = set()
for pattern in rest[1::4]:
    plain, taken = bytearray(), iter(pattern)
    for letter in taken:
        plain.append(next(taken) if letter == 92 else letter)
    prunes.add(bytes(plain))
out, said = open(1, "wb", 1 << 25, closefd=False), sys.stderr.buffer
kinds = {stat.S_IFREG: b"f", stat.S_IFDIR: b"d", stat.S_IFLNK: b"l", stat.S_IFIFO: b"p", stat.S_IFSOCK: b"s",
         stat.S_IFBLK: b"b", stat.S_IFCHR: b"c"}
def quoted(text, more=b""):
    return b"".join(b"\\%03o" % one if one in b"\\\n\r\047" + more else bytes((one,)) for one in text)
def moment(nanoseconds):
    return b"%d.%09d0" % divmod(nanoseconds, 10 ** 9)
def record(path, name, depth, s, fine):
    target = os.readlink(path) if stat.S_ISLNK(s.st_mode) else b""
    numbers = s.st_uid, s.st_gid, s.st_size, s.st_nlink, s.st_ino, s.st_dev, s.st_blocks
    out.write(b"\0".join((number, b"%d" % depth, name, kinds[stat.S_IFMT(s.st_mode)],
        b"%o" % stat.S_IMODE(s.st_mode), *(b"%d" % one for one in numbers),
        moment(s.st_mtime_ns), moment(s.st_ctime_ns), target, b"r" if fine else b"u", b"")))
    if stat.S_ISBLK(s.st_mode) or stat.S_ISCHR(s.st_mode):
        said.write(b"%d %d %x %x\n" % (s.st_dev, s.st_ino, os.major(s.st_rdev), os.minor(s.st_rdev)))
def attributes(path):
    names = os.listxattr(path, follow_symlinks=False)
    if names:
        values = [(quoted(os.fsencode(one), b"="), os.getxattr(path, one, follow_symlinks=False)) for one in names]
        out.write(b"# file: " + quoted(path) + b"\n")
        out.write(b"".join(b"%s=0x%s\n" % (name, value.hex().encode()) for name, value in values) + b"\n")
room = [1 << 24]
def holes(path):
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        s, end, found = os.fstat(file), 0, []
        if not stat.S_ISREG(s.st_mode) or time.time() - max(s.st_mtime, s.st_ctime) < 120 or room[0] < 0:
            return
        for _ in range(20000):
            if end >= s.st_size:
                break
            try:
                data = min(os.lseek(file, end, os.SEEK_DATA), s.st_size)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                data = s.st_size
            if data - end > 65535:
                found.append(b"%d-%d" % (end, data))
            end = os.lseek(file, data, os.SEEK_HOLE) if data < s.st_size else data
        numbers, text = (s.st_size, s.st_mtime_ns, s.st_ctime_ns), b" ".join(found)
        room[0] -= len(text)
        out.write(b"%s\0%d %d %d\0%s\0" % (path, *numbers, text))
    finally:
        os.close(file)
todo, rest = [(start, start.rpartition(b"/")[2] or b"/", 0)], b""
tell, separator = (holes, b"\n") if task == b"holes" else (attributes, b"\0")
while task in (b"given", b"holes"):
    chunk, todo = os.read(0, 1 << 20), []
    if not chunk:
        break
    *paths, rest = (rest + chunk).split(separator)
    for path in paths:
        try:
            tell(path)
        except OSError:
            continue
while todo:
    path, name, depth = todo.pop()
    if path in prunes:
        continue
    try:
        s, names = os.lstat(path), []
        fine = not stat.S_ISREG(s.st_mode) or os.access(path, os.R_OK)
        if stat.S_ISDIR(s.st_mode):
            fine = os.access(path, os.R_OK | os.X_OK)
            if fine and how == b"all":
                try:
                    names = os.listdir(path)
                except OSError:
                    fine = False
        if task == b"list":
            record(path, name, depth, s, fine)
        else:
            attributes(path)
    except FileNotFoundError:
        continue
    except OSError as error:
        if task == b"list":
            said.write(b"list: \047%s\047: %s\n" % (quoted(path), os.strerror(error.errno or 0).encode()))
    todo.extend((path.rstrip(b"/") + b"/" + one, one, depth + 1) for one in reversed(names))
out.flush()
'
perl='
use strict; use warnings; use Time::HiRes ();
my ($number, $how, $start, @rest) = @ARGV;
my %prune;
for (my $i = 1; $i < @rest; $i += 4) { (my $path = $rest[$i]) =~ s/\\(.)/$1/gs; $prune{$path} = 1 }
my %kinds = (0100000, "f", 0040000, "d", 0120000, "l", 0010000, "p", 0140000, "s", 0060000, "b", 0020000, "c");
binmode STDOUT; binmode STDERR;
sub quoted { my ($text) = @_; $text =~ s/([\\\n\r\047])/sprintf("\\%03o", ord($1))/ge; $text }
sub moment {
    my ($whole, $fine) = @_;
    my $rest = int(($fine - $whole) * 1e9);
    $rest = 0 if $rest < 0 || $rest > 999999999;
    sprintf("%d.%09d0", $whole, $rest)
}
(my $first = $start) =~ s{.*/}{}s;
my @todo = ([$start, $first eq "" ? "/" : $first, 0]);
while (my $one = pop @todo) {
    my ($path, $name, $depth) = @$one;
    next if $prune{$path};
    my @s = CORE::lstat($path);
    if (!@s) {
        print STDERR "list: \047", quoted($path), "\047: $!\n" unless $!{ENOENT};
        next
    }
    my $kind = $kinds{$s[2] & 0170000};
    my $fine = $kind ne "f" || -r _ ? "r" : "u";
    my ($target, @names) = ("");
    if ($kind eq "d") {
        $fine = "u" unless -r _ && -x _;
        if ($how eq "all" && $fine eq "r") {
            if (opendir(my $folder, $path)) { @names = grep { $_ ne "." && $_ ne ".." } readdir($folder) }
            else { $fine = "u" }
        }
    }
    if ($kind eq "l") { $target = readlink($path); next unless defined $target }
    my @h = Time::HiRes::lstat($path);
    next unless @h;
    print STDOUT join("\0", $number, $depth, $name, $kind, sprintf("%o", $s[2] & 07777), @s[4, 5, 7, 3, 1, 0, 12],
        moment($s[9], $h[9]), moment($s[10], $h[10]), $target, $fine, "");
    if ($kind eq "b" || $kind eq "c") {
        my $r = $s[6];
        printf STDERR "%s %s %x %x\n", @s[0, 1], $r >> 8 & 0xfff | $r >> 32 & ~0xfff, $r & 0xff | $r >> 12 & 0xfff00
    }
    push @todo, map { [($path eq "/" ? "" : $path) . "/$_", $_, $depth + 1] } reverse @names
}
'
links='for link; do
target=$(readlink "$link" && echo /) && printf "%s\0%s\0" "$link" "${target%??}"
done'
devices='exec stat -c "%d %i %t %T" -- "$@" >&2'
by_find() {
    f="$1\\0%d\\0%f\\0%y\\0%m\\0%U\\0%G\\0%s\\0%n\\0%i\\0%D\\0%b\\0%T@\\0%C@\\0%l\\0" how=$2 path=$3
    shift 3
    find "$path" $(depth) "$@" -type d ! \( -readable -executable \) -printf "${f}u\\0" -prune -o \
        \( \( ! -type f -o $readable \) -printf "${f}r\\0" -o -printf "${f}u\\0" \) \
        \( -type b -o -type c \) -exec sh -c "$devices" sh {} +
}
by_python3() { python3 -I -c "$python" list "$@" || return 3; }
by_perl() { perl -e "$perl" "$@" || return 3; }
by_busybox() {
    how=$2 path=$3
    shift 3
    find "$path" $(depth) "$@" -exec stat -c '%f %u %g %s %h %i %d %b %t %T %Y %Z|%y|%z|%n//' {} +
}
links_by_busybox() {
    how=$2 path=$3
    shift 3
    find "$path" $(depth) "$@" -type l -exec sh -c "$links" sh {} +
}
attributes_by_getfattr() {
    how=$2 path=$3
    shift 3
    find "$path" $(depth) "$@" -exec getfattr -h -d -m - -e hex --absolute-names -- {} +
}
attributes_by_python3() {
    [ "$tool" = find ] || { python3 -I -c "$python" attributes "$@" || return 3; return; }
    how=$2 path=$3
    shift 3
    find "$path" $(depth) "$@" -print0 | python3 -I -c "$python" given || return 3
}
attributes_by_none() { :; }
depth() { [ "$how" = all ] || echo -maxdepth 0; }
for_each() {
    call=$1
    shift
    printf %s "$items" | {
        worst=0
        while IFS= read -r line; do
            how=${line%% *} rest=${line#* }
            "$call" "${rest%% *}" "$how" "${rest#* }" "$@" </dev/null
            code=$?
            [ "$code" -le 1 ] || worst=$code
        done
        exit "$worst"
    }
}
tool=none attributes=none
if [ "$(find / -maxdepth 0 -readable -printf %d 2>/dev/null)" = 0 ]; then tool=find
elif python3 -I -c 'import os; os.listxattr' 2>/dev/null; then tool=python3
elif perl -e 'use Time::HiRes (); Time::HiRes::lstat("/") or die' 2>/dev/null; then tool=perl
else case $(find / -maxdepth 0 -exec stat -c '%f|%y' {} + 2>/dev/null) in 4*'|'*) tool=busybox ;; esac
fi
case $(getfattr --version 2>/dev/null) in getfattr*) [ "$tool" = find ] && attributes=getfattr ;; esac
[ "$attributes" != none ] || ! python3 -I -c 'import os; os.listxattr' 2>/dev/null || attributes=python3
printf 'borgpull listing 1\n%s\0%s\0' "$tool" "$attributes"
[ "$tool" != none ] || exit 0
items= sparse=
set --
while IFS= read -r line; do
    case $line in
    'prune /'*) set -- "$@" -path "${line#prune }" -prune -o ;;
    'one '[0-9]*' /'* | 'all '[0-9]*' /'*) items=$items$line$nl ;;
    'holes /'*) sparse=$sparse${line#holes }$nl ;;
    go) break ;;
    *) exit 64 ;;
    esac
done
[ "$line" = go ] || exit 64
if [ -n "$sparse" ]; then
    printf %s "$sparse" | python3 -I -c "$python" holes 2>/dev/null && printf 'end\0'
    exit
fi
readable=-readable
[ "$(id -u 2>/dev/null)" != 0 ] || readable=-true
{
    for_each "attributes_by_$attributes" "$@" 2>/dev/null
    printf '\0done %s\0' $?
} | {
    exec 4>&1
    said=$(for_each "by_$tool" "$@" 2>&1 >&4 || echo "exit: $?")
    printf 'end\0'
    [ "$tool" != busybox ] || for_each links_by_busybox "$@" 2>/dev/null
    printf '\0%s\0' "$said"
    cat
}"""
