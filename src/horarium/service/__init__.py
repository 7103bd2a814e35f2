"""Use cases: one command in, one value out, one transaction."""
