"""Measuring: each module has `run(...)`, which returns a report, and prints it when run as a program."""
