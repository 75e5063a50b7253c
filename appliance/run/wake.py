"""Wake the machine before its run; a packet that cannot be sent is no reason not to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.model import MachineClient
from appliance.errors import EngineError
from appliance.plan.dial_in import needs_the_client
from appliance.plan.events import Note
from appliance.plan.wake import wake_spec

if TYPE_CHECKING:
    from appliance.run.desk import Desk, Order


def wake(desk: Desk, order: Order) -> None:
    """Send the packet where the run needs a client that may sleep, and wait for the second that this takes."""
    client, record = order.destination or order.client, order.watch.record
    needs_it = needs_the_client(record.operation, record.restore)
    if not needs_it or not isinstance(client, MachineClient) or client.wake is None:
        return
    try:
        said = _sent(desk, client, order)
    except EngineError as error:
        said = str(error)
    if said:
        desk.log(record, Note(level="warning", message=f"the packet that wakes {client.name} was not sent: {said}"))


def _sent(desk: Desk, client: MachineClient, order: Order) -> str:
    """Return "" once it was sent, else why not; raises EngineError."""
    spec = wake_spec(client, order.settings, order.appliance_id, order.watch.record.run_id)
    desk.engine.start(spec)
    try:
        for _ in desk.engine.lines(spec.name):
            pass
        state = desk.engine.inspect(spec.name)
        return "" if state is not None and state.exit_code == 0 else desk.engine.log(spec.name).strip() or "no answer"
    finally:
        desk.engine.remove(spec.name)
