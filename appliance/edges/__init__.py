"""The only code that touches Docker, SQLite, HTTP, the clock and the log; edges do not know each other."""
