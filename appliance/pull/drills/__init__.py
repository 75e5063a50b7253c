"""The restore test: a sample of the newest archive, restored, compared with its list and with the client."""
