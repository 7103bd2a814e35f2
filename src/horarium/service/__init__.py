"""Use cases: everything that callers can do. Each takes one command, returns one value and is one transaction."""
