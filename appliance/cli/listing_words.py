"""What an operator is told of how a client's files were found out, and of what its archives lack for that."""

from __future__ import annotations

from appliance.record import BY_SFTP

WITHOUT = "without hard links, ctime, extended attributes and ACLs"


def listed_words(listed_by: str) -> str:
    """Say what listed the files of a run, `listed_by` as in RunRecord."""
    return f"files listed by {listed_by}{f', {WITHOUT}' if listed_by == BY_SFTP else ''}"
