"""S5: a support archive of a house whose every secret is a canary holds none of them, however they are spelled."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

_CANARY = "canary+1234/5678=secret"
_SETTINGS = f'notify = ["json://127.0.0.1:9/{_CANARY}", "secret:phone"]\n'
_HOOKS = f"""
before = ["echo the password is {_CANARY}; PGPASSWORD={_CANARY} true"]
after = ["curl --user me:{_CANARY} http://127.0.0.1:9/ >&2"]
healthchecks = "http://127.0.0.1:9/{_CANARY}"
"""


@pytest.fixture
def appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab, settings=_SETTINGS)
    under_test.shell(
        "umask 077; mkdir -p /config/secrets/notify_urls /config/secrets/web; cat > /config/secrets/notify_urls/phone; "
        "cp /config/secrets/notify_urls/phone /config/secrets/web/passphrase",
        stdin=f"{_CANARY}\n",
    )
    under_test.create("--env", f"SMTP_PASSWORD={_CANARY}")
    yield under_test
    lab.sweep(f"{under_test.name}-")


def test_no_secret_is_in_a_support_archive(appliance: ApplianceUnderTest, machine: Machine) -> None:
    appliance.add_client("web", machine, "--path", "/srv/tree/folder 0")
    machine.forget_keys()
    file = "/config/clients.d/web.toml"
    appliance.write_config(appliance.read(file) + _HOOKS, file)
    machine.authorize(appliance.borgpull("client", "setup", "web", "--key-line").stdout)
    appliance.run("web")
    said = appliance.borgpull("logs", "web").stdout
    # What a hook prints, nobody can keep out of the log of its run; so the archive has to do without.
    assert _CANARY in said
    keys = appliance.shell("cat /config/keys/web/id_ed25519").stdout.splitlines()

    made = appliance.borgpull("doctor", "--bundle", "/restored/support.tar.gz", check=False)
    archive = base64.b64decode(appliance.shell("base64 /restored/support.tar.gz").stdout)

    assert "No known secret is in it" in made.stderr
    assert appliance.shell("stat --format %a /restored/support.tar.gz").stdout.strip() == "600"
    plain = gzip.decompress(archive)
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        members = {member.name for member in tar}
    assert {
        f"borgpull-support/{name}" for name in ("README.txt", "doctor.json", "journal.json", "engine.json")
    } <= members
    assert any(name.startswith("borgpull-support/logs/web/") for name in members)
    text = plain.decode("utf-8", "replace")
    spelled = (
        _CANARY,
        quote(_CANARY),
        quote(_CANARY, safe=""),
        base64.b64encode(_CANARY.encode()).decode().rstrip("="),
    )
    assert [form for form in (*spelled, *keys[1:-1], *keys[:1]) if form in text] == []
    # And what helps is in it.
    assert "/srv/tree/folder 0" in text
    assert "[removed]" in text
