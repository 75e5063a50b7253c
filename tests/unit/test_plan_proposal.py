"""What is proposed to be read and left out, from mounts as real machines have them."""

from __future__ import annotations

from dataclasses import replace

from appliance.plan.filesystems import is_local
from appliance.plan.offer import MountPoint, Offer, read_mounts
from appliance.plan.proposal import Proposal, propose

DEBIAN = """\
sysfs /sys sysfs rw,nosuid 0 0
proc /proc proc rw,nosuid 0 0
udev /dev devtmpfs rw 0 0
devpts /dev/pts devpts rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/sda2 / ext4 rw 0 0
tmpfs /run/lock tmpfs rw 0 0
cgroup2 /sys/fs/cgroup cgroup2 rw 0 0
/dev/sda1 /boot/efi vfat rw 0 0
/dev/sdb1 /srv/my\\040films xfs rw 0 0
nas.lan:/vol /mnt/nas nfs4 rw 0 0
//nas/music /mnt/music cifs rw 0 0
/dev/loop0 /snap/core/1 squashfs ro 0 0
overlay /var/lib/docker/overlay2/abc/merged overlay rw 0 0
overlay /srv/odd/merged overlay rw 0 0
"""


def offered(text: str = DEBIAN, *present: str, reads_all: bool | None = True) -> Offer:
    return Offer(
        server="SSH-2.0-OpenSSH_10.0",
        sftp_trouble="",
        commands=False,
        reads_all=reads_all,
        home="/home/ann",
        mounts=read_mounts(text),
        present=frozenset(present),
    )


def reasons(proposal: Proposal) -> dict[str, str]:
    return {one.pattern: one.reason for one in proposal.left_out}


def test_a_plain_machine_is_read_whole_less_what_is_no_data_of_its_own() -> None:
    proposal = propose(offered(), "borgpull-reader")

    assert proposal.paths == ("/",)
    told = reasons(proposal)
    assert told["/mnt/nas"] == "nfs4 from nas.lan:/vol: another machine's data, back it up there"
    assert told["/mnt/music"].startswith("cifs from //nas/music")
    assert "read-only image" in told["/snap/core/1"]
    assert "container" in told["/srv/odd/merged"]
    assert {"/proc", "/sys", "/dev", "/run", "sh:**/.cache"} <= told.keys()
    assert [one.point for one in proposal.read] == ["/", "/boot/efi", "/srv/my films"]


def test_what_lies_below_something_left_out_needs_no_line_of_its_own() -> None:
    told = reasons(propose(offered(DEBIAN, "/var/lib/docker/overlay2"), "root"))

    assert "/var/lib/docker/overlay2" in told
    assert not any(pattern.startswith(("/run/", "/sys/", "/dev/", "/var/lib/docker/overlay2/")) for pattern in told)


def test_the_root_is_read_whatever_it_is_made_of() -> None:
    proposal = propose(offered("overlay / overlay rw 0 0\n"), "root")

    assert "/" not in reasons(proposal)
    assert [one.point for one in proposal.read] == ["/"]


def test_swap_temporary_files_caches_and_snapshots_are_left_out_where_they_are() -> None:
    offer = replace(offered(DEBIAN, "/tmp", "/var/cache", "/.snapshots"), swaps=("/srv/swap 1",))  # noqa: S108

    told = reasons(propose(offer, "root"))

    assert told["/srv/swap 1"] == "swap"
    assert {"/tmp", "/var/cache", "/.snapshots"} <= told.keys()  # noqa: S108
    assert "/var/tmp" not in told  # noqa: S108


def test_docker_volumes_are_data_and_a_database_in_them_a_thought() -> None:
    offer = replace(offered(DEBIAN, "/var/lib/docker/volumes"), volumes=("db", "photos"))

    proposal = propose(offer, "root")

    assert not any("volumes" in pattern for pattern in reasons(proposal))
    assert any("the Docker volumes (2)" in note and "dump" in note for note in proposal.notes)


def test_a_point_that_borg_would_take_for_a_pattern_is_left_out_as_a_path() -> None:
    assert "pp:/mnt/[x]" in reasons(propose(offered("/ /mnt/[x] nfs rw 0 0\n"), "root"))


def test_a_point_that_no_configuration_can_hold_is_not_proposed() -> None:
    assert not any("evil" in pattern for pattern in reasons(propose(offered("h /mnt/evil\\012x nfs rw 0 0\n"), "root")))


def test_a_user_who_cannot_read_everything_starts_with_its_home() -> None:
    proposal = propose(offered(reads_all=False), "ann")

    assert proposal.paths == ("/home/ann",)
    assert any("ann cannot read everything" in note for note in proposal.notes)
    assert "/proc" not in reasons(proposal)
    assert [one.point for one in proposal.read] == ["/"]


def test_unseen_mounts_are_told_and_the_kernels_places_left_out_all_the_same() -> None:
    proposal = propose(offered(""), "root")

    assert {"/proc", "/sys", "/dev", "/run"} <= reasons(proposal).keys()
    assert any("could not be seen" in note for note in proposal.notes)


def test_appliances_are_read_where_their_data_is() -> None:
    synology = offered("/dev/md0 / ext4 rw 0 0\n/dev/mapper/c /volume1 btrfs rw 0 0\n", "/etc/synoinfo.conf")
    unraid = offered("shfs /mnt/user fuse.shfs rw 0 0\n", "/mnt/user", "/boot/config/ident.cfg")
    truenas = offered("tank /mnt/tank zfs rw 0 0\ntank/a /mnt/tank/a zfs rw 0 0\n", "/usr/bin/midclt")

    assert propose(synology, "root").paths == ("/volume1", "/etc")
    assert "sh:**/@eaDir" in reasons(propose(synology, "root"))
    assert propose(unraid, "root").paths == ("/mnt/user", "/boot/config")
    assert propose(truenas, "root").paths == ("/mnt/tank", "/data")


def test_sizes_are_asked_of_local_file_systems_alone_since_a_dead_share_never_answers() -> None:
    local = [one.point for one in read_mounts(DEBIAN) if is_local(one)]

    assert local == ["/", "/boot/efi", "/srv/my films"]


def test_of_two_mounts_on_one_point_the_last_is_in_sight() -> None:
    assert read_mounts("a /mnt ext4 rw 0 0\nb /mnt nfs rw 0 0\nshort\n") == (
        MountPoint(point="/mnt", source="b", kind="nfs"),
    )


def test_an_offer_comes_back_from_json_as_it_was() -> None:
    offer = replace(offered(DEBIAN, "/home"), volumes=("db",), tools=frozenset({"borg"}), swaps=("/swapfile",))

    assert Offer.from_json(offer.to_json()) == offer
