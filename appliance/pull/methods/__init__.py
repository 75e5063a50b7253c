"""One module per way to pull."""
