"""What is asked of the client about one file: by the plain session, and where it has holes by the packed one too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.pull.sftp import packets

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.pull.pullfs.lane import Lane, Lanes
    from appliance.pull.pullfs.transfer import Transfer
    from appliance.pull.sftp.replies import Reply

    Then = Callable[[Reply], None]


class Asking:
    """Both lanes, of which the packed one is opened when the first file needs it."""

    def __init__(self, lanes: Lanes) -> None:
        """Ask nothing yet."""
        self._lanes, self.plain = lanes, lanes.plain
        self._packed: Lane | None = None

    @property
    def under_way(self) -> int:
        """How many bytes were asked for and have not come."""
        return self.plain.under_way + (self._packed.under_way if self._packed else 0)

    def told(self) -> str:
        """What has come, for the log: bytes and requests; of the bytes those that came compressed."""
        lanes = [lane for lane in (self.plain, self._packed) if lane]
        count, requests = sum(lane.bytes for lane in lanes), sum(lane.requests for lane in lanes)
        packed = f", {self._packed.bytes} bytes of it compressed" if self._packed else ""
        return f"{count} bytes, {requests} requests{packed}"

    def open(self, transfer: Transfer, path: bytes, then: Then) -> None:
        """Open it on the plain lane, and keep room for its first piece."""
        self.plain.under_way += transfer.reserved

        def opened(reply: Reply) -> None:
            self.plain.under_way -= transfer.reserved
            if reply.ok:
                transfer.handle = reply.handle
            else:
                self._close_packed(transfer)
            then(reply)

        self.plain.post(packets.open_to_read(path), opened)

    def open_packed(self, transfer: Transfer, path: bytes, then: Callable[[], None]) -> None:
        """Open it for its holes as well; where that cannot be, all of it comes on the plain lane."""
        transfer.has_tried_packed = True
        self._packed = lane = self._lanes.packed()
        if lane is None:
            return
        transfer.awaits_packed = True

        def opened(reply: Reply) -> None:
            transfer.awaits_packed = False
            if reply.ok and transfer.is_closed:
                lane.post(packets.close(reply.handle), _ignore)
            elif reply.ok:
                transfer.packed = reply.handle
            then()

        lane.post(packets.open_to_read(path), opened)

    def lane_for(self, transfer: Transfer) -> Lane:
        """By which lane the next piece is to be asked for."""
        return self._ways(transfer)[-1 if transfer.zeros.are_expected else 0][0]

    def read(self, transfer: Transfer, number: int, then: Callable[[Lane, Reply], None]) -> None:
        """Ask for a piece."""
        lane, handle = self._ways(transfer)[-1 if transfer.zeros.are_expected else 0]
        length = transfer.piece_length(number)
        lane.under_way += length

        def came(reply: Reply) -> None:
            lane.came(length, len(reply.data))
            then(lane, reply)

        lane.post(packets.read(handle, transfer.offset_of(number), length), came)

    def look_again(self, transfer: Transfer, then: Then) -> None:
        """Ask on each lane whether it is still the same file: neither knows what the other one still reads."""
        for lane, handle in self._ways(transfer):
            transfer.unsettled += 1
            lane.post(packets.look_at_open(handle), then)

    def close(self, transfer: Transfer, then: Then) -> None:
        """Close it on both; `then` hears of the plain one."""
        self._close_packed(transfer)
        self.plain.post(packets.close(transfer.handle), then)

    def _close_packed(self, transfer: Transfer) -> None:
        transfer.is_closed = True
        if self._packed and transfer.packed:
            self._packed.post(packets.close(transfer.packed), _ignore)

    def _ways(self, transfer: Transfer) -> list[tuple[Lane, bytes]]:
        ways = [(self.plain, transfer.handle)]
        if self._packed and transfer.packed:
            ways.append((self._packed, transfer.packed))
        return ways


def _ignore(_: Reply) -> None:
    """Nobody waits for this reply."""
