"""The files of the appliance as the escrow needs them: gathered, compared, put back, and lent to one container."""

from __future__ import annotations

from appliance.edges.escrow_files.files import EscrowFiles

__all__ = ["EscrowFiles"]
