"""One look into the journal for a scrape: a query for each kind of thing, never one for each client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from appliance.plan.checked import CHECKED, Checked
from appliance.ports import Facts, Ledger
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from appliance.ports import ClientHistory, Span
    from appliance.record import RunRecord

# The facts that say when the key of a client's repository was exported begin so (cli/key.py).
KEY_EXPORTED = "key_exported:"


class Readable(Ledger, Facts, Protocol):
    """What is looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the journal says of all clients.

    `running` is by client and operation, `exported` the facts of keys, `checked` what checks found.
    """

    histories: Mapping[Operation, Mapping[str, ClientHistory]]
    running: Mapping[tuple[str, str], RunRecord]
    spans: Mapping[str, Span]
    exported: Mapping[str, str]
    checked: Mapping[str, Checked]

    @classmethod
    def into(cls, store: Readable, unfinished: Sequence[RunRecord]) -> Look:
        """Read it; raises StateError when the journal cannot be read."""
        return cls(
            histories={operation: store.last_runs(operation) for operation in Operation},
            running={(run.client, run.operation.value): run for run in unfinished},
            spans=store.spans(),
            exported=store.facts(KEY_EXPORTED),
            checked={
                fact.removeprefix(CHECKED): Checked.from_json(text) for fact, text in store.facts(CHECKED).items()
            },
        )

    def history(self, client: str, operation: Operation) -> ClientHistory | None:
        """Return the fold of such runs of that client."""
        return self.histories[operation].get(client)

    def operations(self, client: str) -> Iterator[Operation]:
        """Yield the operations the client has: backups always, others once one of them has begun."""
        for operation in Operation:
            known = client in self.histories[operation] or (client, operation.value) in self.running
            if operation is Operation.CREATE or known:
                yield operation

    def good_runs(self, client: str) -> Iterator[RunRecord]:
        """Yield the last good run of each operation."""
        for histories in self.histories.values():
            history = histories.get(client)
            if history is not None and history.last_success is not None:
                yield history.last_success
