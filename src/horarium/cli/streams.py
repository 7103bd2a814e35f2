"""The standard streams of a process, where whoever started it has closed them or reads them no more."""

from __future__ import annotations

import os
import sys


def open_missing() -> None:
    """Open the null device as each standard stream that is closed. Else the next file that is opened gets its number,
    be it a connection or the database, and what is printed ends up in there."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free, which is this one
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def give_up_output() -> None:
    """Have what is still to be printed go nowhere, also what Python has kept and writes at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
