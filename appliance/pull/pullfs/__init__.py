"""The read-only file system of a pull with a listing: what is known is answered here, what is read comes ahead."""
