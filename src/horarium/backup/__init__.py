"""Backups: one file with everything that a database holds, where it is kept, and the way back."""
