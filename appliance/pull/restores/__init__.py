"""Restores: one module per way."""
