"""Borg as values: one module per verb, exit codes as a table, output parsing. Runs nothing."""
