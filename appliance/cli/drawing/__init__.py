"""Pages and plots from values: pure functions that return text, and run nothing in a browser."""
