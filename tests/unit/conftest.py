"""How properties are tried: on a machine that does much else at the same time, how long one takes says nothing."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
