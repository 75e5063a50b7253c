"""The fidelity card: a test tree on the client, pulled by its own method, restored here, and compared."""
