"""What a client has, in one stream: the program for the client, the reader of what it says, and the tree of it."""
