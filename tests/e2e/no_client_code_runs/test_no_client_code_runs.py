"""With `names = "chroot"` Borg's root is the client's, and still nothing of the client is executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

# Whatever runs inside the chroot can write to Borg's cache; this is where it would leave its mark.
MARK = "/.borgpull/cache/executed"
MODULE = f"import contextlib\nwith contextlib.suppress(OSError):\n    open({MARK!r}, 'w').close()\n"
# Every place from which a Python, a loader or a name look-up inside the client's root could take code.
PLANT = f"""
for place in /opt/borg/lib/python3.13/site-packages/msgpack /opt/borg/lib/python3.13/site-packages/borg \\
    /usr/lib/python3/dist-packages; do
    mkdir -p "$place"
    for name in fallback sitecustomize usercustomize archiver argparse _strptime; do
        cat > "$place/$name.py" <<'MODULE'
{MODULE}
MODULE
    done
done
echo /usr/local/lib/evil.so > /etc/ld.so.preload
printf 'passwd: evil files\\ngroup: evil files\\n' > /etc/nsswitch.conf
for library in /usr/local/lib/evil.so /usr/lib/x86_64-linux-gnu/libnss_evil.so.2; do
    mkdir -p "${{library%/*}}"
    echo 'not a library' > "$library"
done
"""


def test_what_a_client_plants_is_archived_and_never_executed(appliance: ApplianceUnderTest, machine: Machine) -> None:
    appliance.add_client("web", machine, "--names", "chroot", "--path", "/srv/tree", "--path", "/etc", "--path", "/opt")
    machine.exec("sh", "-euc", PLANT)

    run = appliance.run("web")

    assert run.returncode == 0, run.stdout + run.stderr
    assert appliance.shell("find /state/cache -name executed").stdout == ""
    # A loader that met the planted preload, or a look-up that met the planted module, would have said so.
    assert "preload" not in run.stdout + run.stderr + appliance.log()
    listed = appliance.borgpull("files", "web", "latest", "etc/ld.so.preload").stdout
    assert "etc/ld.so.preload" in listed
