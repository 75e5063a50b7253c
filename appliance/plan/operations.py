"""What a container can be asked for that is no run: it stands in no journal, and its plan has a file of its own.

Apart from `container.py`, since the pull container imports this at every start and needs no configuration.
"""

from __future__ import annotations

from appliance.plan.offer import LOOK

SCAN = "scan"
# What a restore would do: a look at the client with its restore key.
PREVIEW = "preview"
# Whether paths and patterns name anything in an archive, and what is near to those that do not.
MATCH = "match"
# What a prune would delete and keep.
SIMULATE = "simulate"
# Whether the escrow and the repository's folder are enough: nothing else is there.
ESCROW_CHECK = "escrow-check"
# What a repository of somebody else's Borg holds: nothing of it is written.
ADOPT = "adopt"
QUESTIONS = (
    "archives",
    "files",
    "find",
    "diff",
    "key-export",
    "inspect",
    SCAN,
    LOOK,
    PREVIEW,
    MATCH,
    ESCROW_CHECK,
    SIMULATE,
    ADOPT,
)
# A Borg command of an operator on the client: no run that is recorded, but under the client's lock like one.
BY_HAND = "by-hand"
# A pull of a test tree into a repository that is thrown away: under the client's lock, and no run that is recorded.
FIDELITY = "fidelity"
UNRECORDED = (BY_HAND, FIDELITY)
