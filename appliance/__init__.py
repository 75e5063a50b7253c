"""Borgpull: a backup server in a box that pulls Borg backups from every machine in the house."""

__version__ = "0.1.0"
