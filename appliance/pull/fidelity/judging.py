"""From what was made and what came back to the rows of the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan.fidelity import Found, Row, Trait
from appliance.pull.fidelity.checks import Evidence, Lost
from appliance.pull.fidelity.specimens import SPECIMENS, Specimen

if TYPE_CHECKING:
    from appliance.pull.fidelity.made import Planted

_DEVICES = frozenset({"character-device", "block-device"})


def rows(planted: Planted, evidence: Evidence) -> tuple[Row, ...]:
    """Return a row for each trait, in the order of the traits."""
    return tuple(_row(trait, [one for one in SPECIMENS if one.trait is trait], planted, evidence) for trait in Trait)


def _row(trait: Trait, specimens: list[Specimen], planted: Planted, evidence: Evidence) -> Row:
    lost, untried, is_kept = [], [], False
    for one in specimens:
        if not _was_made(one, planted):
            untried.append(_noted(one.words, planted.why_not.get(one.key, "")))
            continue
        try:
            one.check(evidence)
        except Lost as how:
            lost.append(_noted(one.words, str(how)))
        else:
            is_kept = True
    if lost:
        return Row(trait=trait, found=Found.LOST, note="; ".join(lost))
    note = "; ".join(dict.fromkeys(filter(None, untried)))
    if not is_kept:
        return Row(trait=trait, found=Found.NOT_TRIED, note=note)
    return Row(trait=trait, found=Found.KEPT, note=f"not tried: {note}" if note else "")


def _was_made(one: Specimen, planted: Planted) -> bool:
    if one.trait is Trait.DEVICE_NUMBERS:
        return not planted.made.isdisjoint(_DEVICES)
    return one.key in planted.made


def _noted(words: str, how: str) -> str:
    return f"{words}: {how}" if words and how else words or how
