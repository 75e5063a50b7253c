"""argv in, exit code out: one short function per verb."""
