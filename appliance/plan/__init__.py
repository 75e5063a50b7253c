"""Decisions as values: who is due, what a run will do, what may count. Nothing here acts."""
