"""Verbs on the whole repository: init, list, rename, delete, break-lock, key export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg.command import REPOSITORY, Command, borg
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan


def init(plan: RunPlan) -> Command:
    """Make the repository."""
    return borg(plan, "init", "--encryption", plan.encryption, REPOSITORY)


def configure(plan: RunPlan, option: str, value: int) -> Command:
    """Write an option into the repository's own configuration."""
    return borg(plan, "config", REPOSITORY, option, str(value))


def list_archives(plan: RunPlan) -> Command:
    """List every archive and the repository's id, checkpoints too."""
    return borg(plan, "list", "--json", "--consider-checkpoints", "--format", "{comment}{end}", REPOSITORY)


def info(plan: RunPlan) -> Command:
    """Describe the archive of this run while it still has its temporary name."""
    return borg(plan, "info", "--json", f"{REPOSITORY}::{plan.temporary_archive_name}")


def info_final(plan: RunPlan) -> Command:
    """Describe the archive of this run under its final name."""
    return borg(plan, "info", "--json", f"{REPOSITORY}::{plan.archive_name}")


def info_repository(plan: RunPlan) -> Command:
    """Describe the whole repository: the sums over all archives."""
    return borg(plan, "info", "--json", REPOSITORY)


def list_files(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Command:
    """List what is in an archive, a JSON object a line."""
    return borg(plan, "list", "--json-lines", f"{REPOSITORY}::{archive}", "--", *(path.strip("/") for path in paths))


def create_empty(plan: RunPlan) -> Command:
    """Make an archive of nothing under this run's temporary name."""
    return borg(plan, "create", "--files-cache", "disabled", f"{REPOSITORY}::{plan.temporary_archive_name}", "-")


def rename(plan: RunPlan) -> Command:
    """Give the archive of this run its final name."""
    return borg(plan, "rename", f"{REPOSITORY}::{plan.temporary_archive_name}", plan.archive_name)


def delete(plan: RunPlan, archives: tuple[str, ...]) -> Command:
    """Delete archives that never counted: temporary names and their checkpoints, nothing else."""
    prefix = f"{plan.client}.tmp-"
    strangers = [name for name in archives if not name.startswith(prefix)]
    if strangers or not archives:
        raise ValueError(f"only temporary archives may be deleted, not {strangers}")
    return borg(plan, "delete", "--force", REPOSITORY, *archives)


def break_lock(plan: RunPlan) -> Command:
    """Break the locks of repository and cache; only after the engine has proved that their run is gone."""
    return borg(plan, "break-lock", REPOSITORY)


def export_key(plan: RunPlan, form: str) -> Command:
    """Print the repository key: `plain`, `paper` or `qr-html`."""
    shape = {"plain": (), "paper": ("--paper",), "qr-html": ("--qr-html",)}[form]
    return borg(plan, "key", "export", *shape, REPOSITORY)


def import_key(plan: RunPlan) -> Command:
    """Put an exported key into the repository."""
    return borg(plan, "key", "import", REPOSITORY, str(places.EXPORTED_KEY))


def print_files(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Command:
    """Print the contents of exactly these files, one after the other."""
    return borg(plan, "extract", "--stdout", f"{REPOSITORY}::{archive}", "--", *(f"pf:{path}" for path in paths))
