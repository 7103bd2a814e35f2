"""Audience sources: where the rows of a fire come from. One file each, found by entry point."""
