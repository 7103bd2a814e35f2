"""Audience sources: each module reads the rows of a fire from one kind of place. They are found by entry point."""
