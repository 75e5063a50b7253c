"""SFTP as values and as a conversation: what restores say to a client, many requests under way at a time."""
