"""The HTTP API: the project's own under /horarium/v1, and the dialects beside it."""
