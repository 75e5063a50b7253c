"""What a restore could not do, kept while it goes on: the first cases by name, all of them by number."""

from __future__ import annotations

from dataclasses import dataclass, field

_KEPT = 100
_NAMED = 3
_LONGEST = 500


@dataclass(slots=True)
class Losses:
    """One kind of loss: how often, and the first few paths."""

    count: int = 0
    paths: list[str] = field(default_factory=list)

    def add(self, path: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.paths) < _NAMED:
            self.paths.append(path[:_LONGEST])

    def named(self) -> str:
        """The first paths, and how many more there are."""
        more = f" and {self.count - len(self.paths)} more" if self.count > len(self.paths) else ""
        return ", ".join(self.paths) + more


@dataclass(slots=True)
class Report:
    """Counts and complaints of one restore. `size` in bytes; `missing` are members that are not on the client now."""

    files: int = 0
    size: int = 0
    missing: int = 0
    owners: Losses = field(default_factory=Losses)
    links: Losses = field(default_factory=Losses)
    special: Losses = field(default_factory=Losses)
    said: list[str] = field(default_factory=list)
    said_count: int = 0
    is_room_doubtful: bool = False

    def restored(self, size: int = 0) -> None:
        """Count a member that stands where it belongs."""
        self.files += 1
        self.size += size

    def not_restored(self, path: str, why: str) -> None:
        """Count a member that is not on the client now."""
        self.missing += 1
        self.warn(f"{path[:_LONGEST]}: not restored: {why}")

    def warn(self, sentence: str) -> None:
        """Keep a complaint about one member."""
        self.said_count += 1
        if len(self.said) < _KEPT:
            self.said.append(sentence)

    def warnings(self) -> tuple[str, ...]:
        """Every kind of loss in a sentence, then the single complaints."""
        sums = []
        if self.owners.count:
            sums.append(f"the client refused the owner of {self.owners.named()}: only its root can give files away")
        if self.links.count:
            sums.append(f"owner and time of symbolic links could not be set there: {self.links.named()}")
        if self.special.count:
            sums.append(f"SFTP cannot make fifos and devices, not restored: {self.special.named()}")
        return (*sums, *self.said)

    @property
    def warning_count(self) -> int:
        """How many members are not exactly what they were."""
        return self.said_count + self.owners.count + self.links.count + self.special.count
